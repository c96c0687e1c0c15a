package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"thalamus/resilience/saga"
	"thalamus/stores"
)

// complete gives the drafts what only the stores know and their defaults, and drops those that are invalid, said twice or
// stored like this already.
func (b *scopeBatch) complete(context.Context) error {
	return b.keep(func(d *draft) (bool, error) {
		there := b.stored[d.ref()]
		same, err := b.settle(d, there)
		if err != nil {
			b.bad(d.at, err)
			return false, nil
		}
		if line, repeated := b.meet(d); repeated {
			same = true
		} else if line > 0 {
			b.bad(d.at, stores.Conflict("holds the %s that line %d holds already; keep one of them", d.ref().Kind, line))
			return false, nil
		}
		if same {
			b.report.Unchanged[d.ref().Kind]++
			b.there[d.ref()] = there != nil
		}
		return !same, nil
	})
}

// settle completes a draft and says whether it is stored like this already.
func (b *scopeBatch) settle(d *draft, there noun) (same bool, err error) {
	if there != nil {
		if d.ends != nil { // a relation says nothing more than that the edge is there
			return true, nil
		}
		if e, ok := there.(*stores.Entity); ok && d.mcp {
			d.merge(*e, b.records[e.ID])
		}
		inherit(d.noun, there)
	}
	if e, ok := d.noun.(*stores.Episode); ok {
		d.unplaced = e.Position == nil
	}
	d.noun.SetDefaults(b.now)
	if err := b.validate(d); err != nil || there == nil {
		return false, err
	}
	was, err := encode(there, b.records[there.Ref().ID])
	if err != nil {
		return false, err
	}
	is, err := encode(d.noun, d.record)
	if err != nil {
		return false, err
	}
	same = bytes.Equal(was, is)
	if r := parts(d.noun); !same && !d.versioned {
		*r.version++
		if !d.dated {
			*r.updated = b.now
		}
	}
	return same, nil
}

// validate checks the noun, and what is written about it if it is an entity.
func (b *scopeBatch) validate(d *draft) error {
	if err := d.noun.Validate(); err != nil || d.record == nil {
		return err
	}
	rec := *d.record
	rec.Scope, rec.Name = b.scope, d.noun.(*stores.Entity).Name
	return rec.Validate()
}

// lookAround finds out which of the nodes that the drafts point at are stored.
func (b *scopeBatch) lookAround(ctx context.Context) error {
	own := map[stores.Ref]bool{}
	for _, d := range b.drafts {
		own[d.ref()] = true
	}
	ids, asked := map[stores.Kind][]stores.ID{}, map[stores.Ref]bool{}
	for _, d := range b.drafts {
		for _, r := range parts(d.noun).needs {
			if !own[r] && !b.there[r] && !asked[r] {
				asked[r] = true
				ids[r.Kind] = append(ids[r.Kind], r.ID)
			}
		}
	}
	return b.read(ctx, ids, []stores.Field{}, func(n noun) { b.there[n.Ref()] = true })
}

// ready are the drafts that lack nothing; the others wait.
func (b *scopeBatch) ready() ([]*draft, error) {
	leaving := b.leavingNames()
	err := b.keep(func(d *draft) (bool, error) {
		if e, ok := d.noun.(*stores.Entity); ok && e.SupersededBy == "" {
			holder := b.current[e.Name]
			if holder != nil && holder.ID != e.ID && !leaving[holder.ID] {
				return false, b.postpone(d, stores.Conflict("an entity named %s exists already under the id %s", quoted(e.Name), holder.ID))
			}
			b.current[e.Name] = &stores.EntityRecord{ID: e.ID}
		}
		for _, r := range parts(d.noun).needs {
			if !b.there[r] && b.stored[r] == nil {
				return false, b.postpone(d, stores.Missing(r.Kind, r.ID))
			}
		}
		b.there[d.ref()] = true
		return true, nil
	})
	return b.drafts, err
}

// leavingNames are the stored entities that give up their names because a draft of the batch renames or supersedes them.
func (b *scopeBatch) leavingNames() map[stores.ID]bool {
	leaving := map[stores.ID]bool{}
	for _, d := range b.drafts {
		if e, ok := d.noun.(*stores.Entity); ok {
			held := b.records[e.ID]
			leaving[e.ID] = held != nil && held.Current && (held.Name != e.Name || e.SupersededBy != "")
		}
	}
	return leaving
}

// write writes drafts in one transaction. When it is refused, it looks for the cause by halves, so that one bad line does
// not sink its neighbours.
func (im *importer) write(ctx context.Context, s stores.Scope, drafts []*draft) error {
	if len(drafts) == 0 {
		return nil
	}
	var b saga.Batch
	for _, d := range drafts {
		if e, ok := d.noun.(*stores.Episode); ok && d.unplaced {
			e.Position = nil // not the one that an attempt gave it
		}
		add(&b, d.noun, d.record)
	}
	err := im.Writer.Import(ctx, s, b)
	switch {
	case err == nil:
		for _, d := range drafts {
			im.report.Written[d.ref().Kind]++
		}
		return nil
	case !refused(err):
		return fmt.Errorf("writing lines %s: %w", span(drafts), err)
	case len(drafts) > 1:
		half := len(drafts) / 2
		if err := im.write(ctx, s, drafts[:half]); err != nil {
			return err
		}
		return im.write(ctx, s, drafts[half:])
	case errors.Is(err, stores.ErrInvalid):
		im.bad(drafts[0].at, err)
		return nil
	default:
		return im.postpone(drafts[0], err)
	}
}

// span names the lines of drafts.
func span(drafts []*draft) string {
	first, last := drafts[0].at, drafts[0].at
	for _, d := range drafts {
		first, last = min(first, d.at), max(last, d.at)
	}
	return fmt.Sprintf("%d to %d", first, last)
}

func quoted(name string) string { return strconv.Quote(clip(name, 60)) }
