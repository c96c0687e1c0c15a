package loaders

import (
	"context"

	"thalamus/stores"
)

// Procedure loads one procedure; nil when there is none.
func (l *Loaders) Procedure(ctx context.Context, at *Place, id stores.ID) (*stores.Procedure, error) {
	return byID(ctx, l, at, stores.KindProcedure, id, l.set.Procedures.ByID)
}
