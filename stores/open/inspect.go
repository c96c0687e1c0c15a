package open

import (
	"context"

	"thalamus/config"
	"thalamus/stores/sqlite"
)

// Facts say what is known about the embedded database without opening it.
type Facts = sqlite.Facts

// Embedded says whether a configuration keeps anything in the data directory.
func Embedded(cfg *config.Config) bool {
	for _, url := range []config.URL{cfg.Graph, cfg.Records, cfg.Vectors} {
		if scheme, _ := split(url); scheme == "sqlite" {
			return true
		}
	}
	return false
}

// Inspect looks at the embedded database of a configuration, and neither creates nor migrates anything.
func Inspect(ctx context.Context, cfg *config.Config) (Facts, error) {
	return sqlite.Inspect(ctx, cfg.Data)
}
