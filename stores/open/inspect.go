package open

import (
	"context"

	"thalamus/config"
	"thalamus/stores/sqlite"
)

// Facts say what is known about the embedded database without opening it.
type Facts = sqlite.Facts

// Inspect looks at the embedded database of a configuration, and neither creates nor migrates anything.
func Inspect(ctx context.Context, cfg *config.Config) (Facts, error) {
	return sqlite.Inspect(ctx, cfg.Data)
}
