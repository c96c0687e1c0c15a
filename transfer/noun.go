package transfer

import (
	"time"

	"thalamus/resilience/saga"
	"thalamus/stores"
)

// noun is what a line holds: a pointer to one of the structs of package stores.
type noun interface {
	stores.Versioned
	SetDefaults(now time.Time)
}

// rest is what an import needs to reach in a noun of any kind.
type rest struct {
	id      *stores.ID
	scope   *stores.Scope
	version *int
	updated *time.Time
	times   []*time.Time  // that every stored noun has; the same for all nouns of a kind
	dates   []**time.Time // that it may have
	points  []*stores.ID  // at other nouns; may be empty
	lists   []*[]stores.ID
	needs   []stores.Ref // what must be stored before it
}

func parts(n noun) rest {
	switch n := n.(type) {
	case *stores.Profile:
		return rest{id: &n.ID, scope: &n.Scope, version: &n.Version, updated: &n.UpdatedAt, times: []*time.Time{&n.CreatedAt, &n.UpdatedAt}}
	case *stores.Entity:
		return rest{
			id: &n.ID, scope: &n.Scope, version: &n.Version, updated: &n.UpdatedAt,
			times:  []*time.Time{&n.ValidFrom, &n.LastAccessedAt, &n.CreatedAt, &n.UpdatedAt},
			dates:  []**time.Time{&n.ValidTo},
			points: []*stores.ID{&n.Lineage, &n.Supersedes, &n.SupersededBy},
		}
	case *stores.Episode:
		return rest{
			id: &n.ID, scope: &n.Scope, version: &n.Version, updated: &n.UpdatedAt,
			times: []*time.Time{&n.Timestamp, &n.IngestedAt, &n.UpdatedAt, &n.LastAccessedAt},
			dates: []**time.Time{&n.EndTimestamp, &n.PredictionErrorAt},
			lists: []*[]stores.ID{&n.Mentions}, needs: refs(stores.KindEntity, n.Mentions),
		}
	case *stores.Procedure:
		return rest{
			id: &n.ID, scope: &n.Scope, version: &n.Version, updated: &n.UpdatedAt,
			times: []*time.Time{&n.CreatedAt, &n.UpdatedAt}, dates: []**time.Time{&n.LastExecutedAt},
			points: []*stores.ID{&n.ConsolidatedInto},
		}
	case *stores.Todo:
		return rest{
			id: &n.ID, scope: &n.Scope, version: &n.Version, updated: &n.UpdatedAt,
			times: []*time.Time{&n.StartTime, &n.CreatedAt, &n.UpdatedAt}, dates: []**time.Time{&n.EndTime, &n.CompletedAt},
			points: []*stores.ID{&n.SourceEpisode}, lists: []*[]stores.ID{&n.Entities},
		}
	case *stores.Relationship:
		return rest{
			id: &n.ID, scope: &n.Scope, version: &n.Version, updated: &n.UpdatedAt,
			times:  []*time.Time{&n.LastCoAccessAt, &n.ValidFrom, &n.CreatedAt, &n.UpdatedAt},
			dates:  []**time.Time{&n.ValidTo},
			points: []*stores.ID{&n.Source.ID, &n.Target.ID}, needs: []stores.Ref{n.Source, n.Target},
		}
	}
	panic("transfer: a noun of an unknown kind") // stores.Kinds lists them all
}

func ownerOf(n noun) *stores.Scope { return parts(n).scope }

func refs(kind stores.Kind, ids []stores.ID) []stores.Ref {
	out := make([]stores.Ref, len(ids))
	for i, id := range ids {
		out[i] = stores.Ref{Kind: kind, ID: id}
	}
	return out
}

// tidy brings ids and times to the one form in which the stores keep them.
func tidy(n noun) error {
	r := parts(n)
	var c stores.Check
	for _, id := range append(r.points, r.id) {
		if *id != "" {
			tidyID(&c, id)
		}
	}
	for _, list := range r.lists {
		*list = tidyIDs(&c, *list)
	}
	for _, at := range r.times {
		tidyTime(&c, at)
	}
	for _, at := range r.dates {
		if *at != nil {
			tidyTime(&c, *at)
		}
	}
	if e, ok := n.(*stores.Relationship); ok {
		c.That(e.Source.ID != "", "source.id", "must be given")
		c.That(e.Target.ID != "", "target.id", "must be given")
	}
	c.That(*r.version >= 0, "version", "must be at least 1")
	return c.Err()
}

func tidyID(c *stores.Check, id *stores.ID) {
	parsed, err := stores.ParseID(string(*id))
	c.Add(err)
	*id = parsed
}

// tidyIDs also drops repetitions.
func tidyIDs(c *stores.Check, list []stores.ID) (out []stores.ID) {
	seen := map[stores.ID]bool{}
	for _, id := range list {
		tidyID(c, &id)
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

func tidyTime(c *stores.Check, at *time.Time) {
	if at.IsZero() {
		return
	}
	*at = at.UTC().Truncate(time.Microsecond)
	c.That(at.Year() >= 1 && at.Year() <= 9999, "", "a time lies outside the years 1 to 9999")
}

// inherit gives a noun what its line left out and only the store can know: times, the version, the place in its session.
func inherit(n, stored noun) {
	to, from := parts(n), parts(stored)
	for i, at := range to.times {
		if at.IsZero() {
			*at = *from.times[i]
		}
	}
	if *to.version == 0 {
		*to.version = *from.version
	}
	if e, ok := n.(*stores.Episode); ok && e.Position == nil && e.SessionID == stored.(*stores.Episode).SessionID {
		e.Position = stored.(*stores.Episode).Position
	}
}

// add puts a noun into a batch.
func add(b *saga.Batch, n noun, record *stores.EntityRecord) {
	switch n := n.(type) {
	case *stores.Profile:
		b.Profiles = append(b.Profiles, n)
	case *stores.Entity:
		b.Entities = append(b.Entities, saga.EntityParts{Entity: n, Record: record})
	case *stores.Episode:
		b.Episodes = append(b.Episodes, n)
	case *stores.Procedure:
		b.Procedures = append(b.Procedures, n)
	case *stores.Todo:
		b.Todos = append(b.Todos, n)
	case *stores.Relationship:
		b.Relationships = append(b.Relationships, n)
	}
}
