package open

import (
	"context"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/sqlite"
)

// Facts say what is known about the embedded database without opening it.
type Facts = sqlite.Facts

// Embedded lists the roles that the embedded database plays.
func Embedded(cfg *config.Config) (roles []stores.Role) {
	for _, r := range (&opening{cfg: cfg}).roles() {
		if scheme, _ := split(r.url); scheme == "sqlite" {
			roles = append(roles, r.Role)
		}
	}
	return roles
}

// Inspect looks at the embedded database of a configuration, and neither creates nor migrates anything.
func Inspect(ctx context.Context, cfg *config.Config) (Facts, error) {
	return sqlite.Inspect(ctx, cfg.Data)
}
