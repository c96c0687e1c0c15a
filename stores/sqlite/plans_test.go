package sqlite

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// explainer is a querier that notes how the database means to run each query.
type explainer struct {
	querier
	plan []string
}

func (e *explainer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := e.querier.QueryContext(ctx, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			return nil, err
		}
		e.plan = append(e.plan, detail)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return e.querier.QueryContext(ctx, query, args...)
}

// explain runs a read and fails when it goes through a whole table, or sorts where sorted is set.
func explain(t *testing.T, db *DB, what string, sorted bool, read func(q querier) error) {
	t.Helper()
	e := &explainer{querier: db.readers}
	if err := read(e); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	plan := strings.Join(e.plan, "\n")
	if len(e.plan) == 0 {
		t.Errorf("%s ran no query", what)
	}
	for _, step := range e.plan {
		whole := strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "VIRTUAL TABLE") &&
			!strings.HasPrefix(step, "SCAN ranked") && !strings.HasPrefix(step, "SCAN links") &&
			!strings.HasPrefix(step, "SCAN (subquery") && !strings.HasPrefix(step, "SCAN CONSTANT ROW")
		if whole || strings.Contains(step, "AUTOMATIC") || sorted && strings.Contains(step, "TEMP B-TREE") {
			t.Errorf("%s: %q in\n%s", what, step, plan)
		}
	}
}

// explainNoun checks the reads that all nouns share: by id, and the default order from both ends and from the middle.
func explainNoun[T any](t *testing.T, db *DB, tab *table[T], values []any) {
	t.Helper()
	r, s, ctx := records[T]{db, tab}, stores.NewScope("u", "", ""), t.Context()
	explain(t, db, tab.name+" by id", true, func(q querier) error {
		_, err := r.byID(ctx, q, s, []stores.ID{stores.NewID()}, nil)
		return err
	})
	order, err := tab.spec.Sorted(nil)
	if err != nil {
		t.Fatal(err)
	}
	id := stores.NewID()
	middle := stores.NewCursor(order, append(values, id), id)
	for what, page := range map[string]stores.Page{
		"first": {First: 5}, "last": {Last: 5}, "after": {First: 5, After: middle}, "before": {Last: 5, Before: middle},
	} {
		p, err := flat.NewPlan(r.spec, stores.Query{Page: page})
		if err != nil {
			t.Fatal(err)
		}
		explain(t, db, tab.name+" listed "+what, true, func(q querier) error {
			_, err := r.page(ctx, q, s, p, nil)
			return err
		})
	}
}

func TestQueryPlans(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over

	explainNoun(t, db, episodeTable, []any{1})
	explainNoun(t, db, entityTable, []any{"name"})
	explainNoun(t, db, entityRecordTable, []any{"name"})
	explainNoun(t, db, procedureTable, []any{"name"})
	explainNoun(t, db, relationshipTable, []any{0.5})
	explainNoun(t, db, todoTable, []any{1, 1})
	explainChildren(t, db)

	s, ctx := stores.NewScope("u", "", ""), t.Context()
	explain(t, db, "a step of a walk", true, func(q querier) error {
		w := &walk{q: q, scope: s.Key(), types: []stores.RelationType{"USES"}, left: 10}
		_, err := w.step(ctx, []stores.ID{"a"})
		return err
	})
	explain(t, db, "edges of a neighborhood", false, func(q querier) error {
		_, err := relationships{records[stores.Relationship]{db, relationshipTable}}.among(ctx, q, s, []stores.ID{"a", "b"}, nil)
		return err
	})
}

func explainChildren(t *testing.T, db *DB) {
	t.Helper()
	read := func(what string, pages func(q querier, p func(shape) flat.Plan, f family) error, of links) {
		t.Helper()
		explain(t, db, what, false, func(q querier) error {
			return pages(q, func(s shape) flat.Plan {
				p, err := flat.NewPlan(s.spec, stores.Query{Page: stores.Page{First: 5}})
				if err != nil {
					t.Fatal(err)
				}
				return p
			}, family{`["a","b"]`, of})
		})
	}
	s, ctx := stores.NewScope("u", "", ""), t.Context()
	episodePages := func(q querier, p func(shape) flat.Plan, f family) error {
		_, err := records[stores.Episode]{db, episodeTable}.pages(ctx, q, s, p(episodeTable.shape), nil, f)
		return err
	}
	entityPages := func(q querier, p func(shape) flat.Plan, f family) error {
		_, err := records[stores.Entity]{db, entityTable}.pages(ctx, q, s, p(entityTable.shape), nil, f)
		return err
	}
	todoPages := func(q querier, p func(shape) flat.Plan, f family) error {
		_, err := records[stores.Todo]{db, todoTable}.pages(ctx, q, s, p(todoTable.shape), nil, f)
		return err
	}
	edgePages := func(q querier, p func(shape) flat.Plan, f family) error {
		_, err := records[stores.Relationship]{db, relationshipTable}.pages(ctx, q, s, p(relationshipTable.shape), nil, f)
		return err
	}
	read("episodes by entity", episodePages, mentioning)
	read("entities by episode", entityPages, mentioned)
	read("entities by lineage", entityPages, ofLineage)
	read("todos by episode", todoPages, ofEpisode)
	read("todos by entity", todoPages, ofEntity)
	for _, flow := range []stores.Flow{stores.FlowOut, stores.FlowIn, stores.FlowBoth} {
		read("edges by node "+string(flow), edgePages, flowing[flow])
	}
}
