package saga

import (
	"context"

	"thalamus/stores"
)

// UpsertProfile writes the profile of the scope. change is given the one there is, or a new one. expected 0: there must be
// none yet.
func (w *Writer) UpsertProfile(ctx context.Context, s stores.Scope, r Request, expected *int, change func(*stores.Profile) error) (*stores.Profile, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Profile], error) {
		p, err := w.set.Profiles.Of(ctx, s, nil)
		if err != nil {
			return plan[*stores.Profile]{}, err
		}
		if p != nil {
			return w.changeProfile(ctx, s, p, expected, change)
		}
		if err := expect(expected, 0); err != nil {
			return plan[*stores.Profile]{}, err
		}
		p = &stores.Profile{Scope: s}
		if err := change(p); err != nil {
			return plan[*stores.Profile]{}, err
		}
		p.SetDefaults(stores.Now())
		return plan[*stores.Profile]{p, []stores.ID{p.ID}, []step{w.profiles().Put(s, p)}}, p.Validate()
	})
}

// UpdateProfile changes a profile.
func (w *Writer) UpdateProfile(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Profile) error) (*stores.Profile, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Profile], error) {
		p, err := current(ctx, s, stores.Ref{Kind: stores.KindProfile, ID: id}, expected, w.set.Profiles.ByID)
		if err != nil {
			return plan[*stores.Profile]{}, err
		}
		return w.changeProfile(ctx, s, p, expected, change)
	})
}

func (w *Writer) changeProfile(ctx context.Context, s stores.Scope, p *stores.Profile, expected *int, change func(*stores.Profile) error) (plan[*stores.Profile], error) {
	out := plan[*stores.Profile]{answer: p, nodes: []stores.ID{p.ID}}
	if err := expect(expected, p.Version); err != nil {
		return out, err
	}
	if changed, err := edit(p, change); err != nil || !changed {
		return out, err
	}
	out.steps = []step{w.profiles().Swap(s, p)}
	return out, nil
}

// DeleteProfile removes a profile. It says whether there was one.
func (w *Writer) DeleteProfile(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	return remove(ctx, w, s, r, stores.Ref{Kind: stores.KindProfile, ID: id}, expected, w.set.Profiles.ByID,
		w.profiles().Delete(s, id))
}
