package saga

import (
	"context"

	"thalamus/stores"
)

// CreateProcedure writes a new procedure: vectors, then graph.
func (w *Writer) CreateProcedure(ctx context.Context, s stores.Scope, r Request, p *stores.Procedure) (*stores.Procedure, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Procedure], error) {
		p.Scope = s
		p.SetDefaults(stores.Now())
		if err := p.Validate(); err != nil {
			return plan[*stores.Procedure]{}, err
		}
		points, err := w.embed(ctx, []document{procedureDocument(p)})
		return creation(p, w.createPoints(stores.KindProcedure, points), w.procedures().Create(p)), err
	})
}

// UpdateProcedure changes a procedure: vectors, then graph.
func (w *Writer) UpdateProcedure(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Procedure) error) (*stores.Procedure, error) {
	return run(ctx, w, s, r.about(string(id)), func(ctx context.Context) (plan[*stores.Procedure], error) {
		p, err := current(ctx, s, stores.Ref{Kind: stores.KindProcedure, ID: id}, expected, w.set.Procedures.ByID)
		if err != nil {
			return plan[*stores.Procedure]{}, err
		}
		before, replaced, version := procedureDocument(p), p.ConsolidatedInto, p.Version
		fields, err := edit(p, change)
		if err != nil || fields == nil {
			return still(p), err
		}
		if p.ConsolidatedInto != "" && p.ConsolidatedInto != replaced {
			if err := exist(ctx, s, "consolidatedInto", stores.KindProcedure, []stores.ID{p.ConsolidatedInto}, w.set.Procedures.ByID); err != nil {
				return plan[*stores.Procedure]{}, err
			}
		}
		index, err := w.reindex(ctx, before, procedureDocument(p))
		return alteration(p, fields, w.checked(w.procedures().Check(id, version), index, w.procedures().Swap(p))...), err
	})
}

// DeleteProcedure removes a procedure, its edges and its vector. It says whether there was one.
func (w *Writer) DeleteProcedure(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	ref := stores.Ref{Kind: stores.KindProcedure, ID: id}
	return remove(ctx, w, s, r, ref, expected, w.procedures())
}
