package open

import (
	"context"

	"thalamus/config"
	"thalamus/stores/sqlite"
)

// Inspect looks at the embedded database of a configuration, and neither creates nor migrates anything.
func Inspect(ctx context.Context, cfg *config.Config) (sqlite.Facts, error) {
	return sqlite.Inspect(ctx, cfg.Data)
}
