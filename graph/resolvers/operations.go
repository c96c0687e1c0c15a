package resolvers

import (
	"context"

	"thalamus/graph/model"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// mostFindings is how many findings one answer lists.
const mostFindings = 1000

func (r *Resolver) drift(ctx context.Context, kinds []saga.DriftKind, first *int) (*model.Drift, error) {
	n := value(first, model.FindingsShown)
	if n < 1 || n > mostFindings {
		return nil, stores.Invalid("first", "must be between 1 and %d", mostFindings)
	}
	found, err := r.writes.Drift(ctx, scope(ctx), model.Distinct(kinds))
	if err != nil {
		return nil, err
	}
	return model.NewDrift(found, n), nil
}

// repair mends the drift of the scope, or only looks for it.
func (r *Resolver) repair(ctx context.Context, kinds []saga.DriftKind, dry bool) (*model.RepairDriftPayload, error) {
	if dry {
		found, err := r.writes.Drift(ctx, scope(ctx), model.Distinct(kinds))
		return model.NewRepairDriftPayload(found, 0, err)
	}
	found, mended, err := r.writes.Repair(ctx, scope(ctx), model.Distinct(kinds))
	return model.NewRepairDriftPayload(found, mended, err)
}
