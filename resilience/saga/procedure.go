package saga

import (
	"context"

	"thalamus/stores"
)

// CreateProcedure writes a new procedure: graph, then vectors.
func (w *Writer) CreateProcedure(ctx context.Context, s stores.Scope, r Request, p *stores.Procedure) (*stores.Procedure, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Procedure], error) {
		p.Scope = s
		p.SetDefaults(stores.Now())
		if err := p.Validate(); err != nil {
			return plan[*stores.Procedure]{}, err
		}
		points, err := w.embed(ctx, []document{procedureDocument(p)})
		return plan[*stores.Procedure]{p, []stores.ID{p.ID}, []step{
			w.procedures().Put(s, p), w.pointsPut(s, stores.KindProcedure, points),
		}}, err
	})
}

// UpdateProcedure changes a procedure: graph, then vectors.
func (w *Writer) UpdateProcedure(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Procedure) error) (*stores.Procedure, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Procedure], error) {
		p, err := current(ctx, s, stores.Ref{Kind: stores.KindProcedure, ID: id}, expected, w.set.Procedures.ByID)
		if err != nil {
			return plan[*stores.Procedure]{}, err
		}
		before, replaced := procedureDocument(p), p.ConsolidatedInto
		out := plan[*stores.Procedure]{answer: p, nodes: []stores.ID{id}}
		if changed, err := edit(p, change); err != nil || !changed {
			return out, err
		}
		if p.ConsolidatedInto != "" && p.ConsolidatedInto != replaced {
			if err := exist(ctx, s, "consolidatedInto", stores.KindProcedure, []stores.ID{p.ConsolidatedInto}, w.set.Procedures.ByID); err != nil {
				return out, err
			}
		}
		index, err := w.reindex(ctx, s, before, procedureDocument(p))
		out.steps = []step{w.procedures().Swap(s, p), index}
		return out, err
	})
}

// DeleteProcedure removes a procedure, its edges and its vector. It says whether there was one.
func (w *Writer) DeleteProcedure(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	return remove(ctx, w, s, r, stores.Ref{Kind: stores.KindProcedure, ID: id}, expected, w.set.Procedures.ByID,
		w.procedures().Delete(s, id), w.pointsDelete(s, stores.KindProcedure, id))
}
