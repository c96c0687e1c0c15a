package sqlite

import (
	"cmp"
	"context"
	"time"

	"thalamus/stores"
	"thalamus/stores/flat"
	"thalamus/stores/relational"
)

// Relationships is the contract of edges.
func (db *DB) Relationships() stores.Relationships {
	return relationships{relational.NewRecords(db.rows, relationshipTable), db}
}

type relationships struct {
	relational.Records[stores.Relationship]
	db *DB
}

type relationship = stores.Relationship

var relationshipTable = relational.NewTable(dialect{}, "relationships", flat.Relationships, relational.Extras[relationship]{
	// The label is part of the key, so no label is the empty text there; to filters and orders it is null all the same.
	Read:  map[string]string{"label": "nullif(t.label, '')"},
	Write: map[string]string{"label": "coalesce(?, '')"},
	Check: endsExist,
	Conflict: func(_ context.Context, _ querier, _ stores.Scope, items []*relationship) error {
		r := items[0]
		return stores.Conflict("another %s edge with this label already joins %s to %s; edit that one", r.Type, r.Source.ID, r.Target.ID)
	},
})

// endsExist wants both ends of every edge.
func endsExist(ctx context.Context, q querier, s stores.Scope, items []*relationship) error {
	ends := map[stores.Kind][]stores.ID{}
	for _, r := range items {
		for _, end := range []stores.Ref{r.Source, r.Target} {
			if nodeTables[end.Kind] == "" {
				return stores.Invalid("source.kind", "an edge cannot join a %q; it joins one of %v", end.Kind, stores.EndpointKinds)
			}
			ends[end.Kind] = append(ends[end.Kind], end.ID)
		}
	}
	for _, kind := range stores.EndpointKinds {
		if err := exist(ctx, q, s, kind, ends[kind]); err != nil {
			return err
		}
	}
	return nil
}

// deleteEdges removes the edges of nodes that are about to go.
func deleteEdges(ctx context.Context, q querier, s stores.Scope, kind stores.Kind, ids []stores.ID) error {
	for _, end := range []string{"source", "target"} {
		_, err := q.ExecContext(ctx, "DELETE FROM relationships WHERE scope = ? AND "+end+" IN (SELECT value FROM json_each(?)) AND "+end+"_kind = ?",
			s.Key(), array(ids), kind)
		if err != nil {
			return err
		}
	}
	return nil
}

// ByNode reads, for each node, one page of its edges.
func (r relationships) ByNode(ctx context.Context, s stores.Scope, nodes []stores.ID, flow stores.Flow, q stores.Query) (map[stores.ID]stores.Slice[*stores.Relationship], error) {
	of, ok := flowing[flow]
	if !ok {
		return nil, stores.Invalid("flow", "%q is not one of [OUT IN BOTH]", flow)
	}
	return r.Children(ctx, s, nodes, q, of)
}

// flowing links nodes to their edges.
var flowing = map[stores.Flow]relational.Links{
	stores.FlowOut: edgesAt("source"),
	stores.FlowIn:  edgesAt("target"),
	stores.FlowBoth: func(st *relational.Statement, scope any, nodes []stores.ID) {
		edgesAt("source")(st, scope, nodes)
		st.Add(" UNION ALL ")
		edgesAt("target")(st, scope, nodes)
	},
}

// edgesAt links nodes to the edges that have them at one end.
func edgesAt(end string) relational.Links {
	return func(st *relational.Statement, scope any, nodes []stores.ID) {
		st.Add("SELECT e."+end+", e.rowid FROM json_each(?) AS asked CROSS JOIN relationships AS e ON e.scope = ? AND e."+end+" = asked.value",
			array(nodes), scope)
	}
}

// Strengthen raises weights and counts one more use of each edge. It is an edit: the version rises.
func (r relationships) Strengthen(ctx context.Context, s stores.Scope, ids []stores.ID, rate float64, at time.Time) (map[stores.ID]*stores.Relationship, error) {
	return r.adjust(ctx, s, ids, rate, at,
		"weight = weight + ?1 * (1 - weight), co_access_count = co_access_count + 1, last_co_access_at = ?2")
}

// Weaken lowers weights. It is an edit: the version rises.
func (r relationships) Weaken(ctx context.Context, s stores.Scope, ids []stores.ID, rate float64, at time.Time) (map[stores.ID]*stores.Relationship, error) {
	return r.adjust(ctx, s, ids, rate, at, "weight = weight * (1 - ?1)")
}

func (r relationships) adjust(ctx context.Context, s stores.Scope, ids []stores.ID, rate float64, at time.Time, set string) (out map[stores.ID]*stores.Relationship, err error) {
	if err := r.db.usable(ctx); err != nil {
		return nil, err
	}
	if err := unit("rate", rate); err != nil || len(ids) == 0 {
		return map[stores.ID]*stores.Relationship{}, err
	}
	err = r.db.write(ctx, func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, "UPDATE relationships SET "+set+", updated_at = ?2, version = version + 1"+
			" WHERE scope = ?3 AND id IN (SELECT value FROM json_each(?4))", rate, at.UnixMicro(), s.Key(), array(ids))
		if err != nil {
			return err
		}
		out, err = r.Find(ctx, q, s, ids, nil)
		return err
	})
	return out, err
}

func unit(path string, v float64) error {
	var c stores.Check
	c.Unit(path, v)
	return c.Err()
}

// Decay lets stale edges fade and deletes the faintest. Decayed counts every stale edge, those that were then deleted
// included.
func (r relationships) Decay(ctx context.Context, s stores.Scope, d stores.Decay) (stores.Faded, error) {
	var faded stores.Faded
	where, err := r.Spec.Check(d.Where)
	if err != nil {
		return faded, err
	}
	var c stores.Check
	c.Unit("rate", d.Rate)
	c.Unit("minWeight", d.MinWeight)
	if err := c.Err(); err != nil {
		return faded, err
	}
	at := cmp.Or(d.At, stores.Now()).UnixMicro()
	stale := func(st *relational.Statement) {
		st.Add("t.scope = ? AND t.last_co_access_at < ? AND t.updated_at < ? AND ", s.Key(), d.StaleBefore.UnixMicro(), at)
		r.Where(st, where)
	}
	err = r.db.write(ctx, func(ctx context.Context, q querier) (err error) {
		// What will be too faint goes first: the filter means the weights as they are now, for both statements.
		prune := relational.SQL("DELETE FROM relationships AS t WHERE ")
		stale(prune)
		prune.Add(" AND t.weight * (1 - ?) < ?", d.Rate, d.MinWeight)
		if faded.Pruned, err = prune.Run(ctx, q); err != nil {
			return err
		}
		fade := relational.SQL("UPDATE relationships AS t SET weight = weight * (1 - ?), updated_at = ?, version = version + 1 WHERE ",
			d.Rate, at)
		stale(fade)
		kept, err := fade.Run(ctx, q)
		faded.Decayed = kept + faded.Pruned
		return err
	})
	return faded, err
}
