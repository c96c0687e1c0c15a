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
			return w.changeProfile(p, expected, change)
		}
		if err := expect(expected, 0); err != nil {
			return plan[*stores.Profile]{}, err
		}
		p = &stores.Profile{Scope: s}
		if err := change(p); err != nil {
			return plan[*stores.Profile]{}, err
		}
		p.SetDefaults(stores.Now())
		return creation(p, w.profiles().Create(p)), p.Validate()
	})
}

// UpdateProfile changes a profile.
func (w *Writer) UpdateProfile(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int, change func(*stores.Profile) error) (*stores.Profile, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[*stores.Profile], error) {
		p, err := current(ctx, s, stores.Ref{Kind: stores.KindProfile, ID: id}, expected, w.set.Profiles.ByID)
		if err != nil {
			return plan[*stores.Profile]{}, err
		}
		return w.changeProfile(p, expected, change)
	})
}

func (w *Writer) changeProfile(p *stores.Profile, expected *int, change func(*stores.Profile) error) (plan[*stores.Profile], error) {
	if err := expect(expected, p.Version); err != nil {
		return plan[*stores.Profile]{}, err
	}
	fields, err := edit(p, change)
	if err != nil || fields == nil {
		return still(p), err
	}
	return alteration(p, fields, w.profiles().Swap(p)), nil
}

// DeleteProfile removes a profile. It says whether there was one.
func (w *Writer) DeleteProfile(ctx context.Context, s stores.Scope, r Request, id stores.ID, expected *int) (bool, error) {
	return remove(ctx, w, s, r, stores.Ref{Kind: stores.KindProfile, ID: id}, expected, w.profiles())
}
