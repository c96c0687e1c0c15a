package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// explainer is the engine of a database whose reads note how the database means to run them.
type explainer struct {
	engine
	plan *[]string
}

func (e explainer) Pool() querier { return explaining{e.engine.Pool(), e.plan} }

func (e explainer) Begin(ctx context.Context, mode relational.Mode) (relational.Tx, func(), error) {
	tx, end, err := e.engine.Begin(ctx, mode)
	return explainingTx{tx, explaining{tx, e.plan}}, end, err
}

type explainingTx struct {
	relational.Tx
	reads explaining
}

func (e explainingTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return e.reads.QueryContext(ctx, query, args...)
}

func (e explainingTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if verb, _, _ := strings.Cut(query, " "); verb == "UPDATE" || verb == "DELETE" {
		if err := e.reads.explain(ctx, query, args); err != nil {
			return nil, err
		}
	}
	return e.Tx.ExecContext(ctx, query, args...)
}

func (e explainingTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return e.reads.QueryRowContext(ctx, query, args...)
}

type explaining struct {
	querier
	plan *[]string
}

func (e explaining) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := e.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return e.querier.QueryContext(ctx, query, args...)
}

func (e explaining) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := e.explain(ctx, query, args); err != nil {
		*e.plan = append(*e.plan, err.Error())
	}
	return e.querier.QueryRowContext(ctx, query, args...)
}

func (e explaining) explain(ctx context.Context, query string, args []any) error {
	return relational.SQL("EXPLAIN QUERY PLAN "+query, args...).Each(ctx, e.querier, func(rows *sql.Rows) error {
		var id, parent, unused int
		var detail string
		err := rows.Scan(&id, &parent, &unused, &detail)
		*e.plan = append(*e.plan, detail)
		return err
	})
}

// explain runs a read and fails when it goes through a whole table, or sorts where sorted is set.
func explain(t *testing.T, db *DB, what string, sorted bool, read func(db *DB) error) {
	t.Helper()
	var steps []string
	watched := &DB{readers: db.readers, writer: db.writer, turn: db.turn, maxWalk: db.maxWalk}
	watched.rows = relational.New(explainer{engine{db}, &steps}, dialect{})
	if err := read(watched); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	plan := strings.Join(steps, "\n")
	if len(steps) == 0 {
		t.Errorf("%s ran no query", what)
	}
	for _, step := range steps {
		whole := strings.HasPrefix(step, "SCAN ") && !strings.Contains(step, "VIRTUAL TABLE") &&
			!strings.HasPrefix(step, "SCAN ranked") && !strings.HasPrefix(step, "SCAN links") &&
			!strings.HasPrefix(step, "SCAN (subquery") && !strings.HasPrefix(step, "SCAN CONSTANT ROW")
		if whole || strings.Contains(step, "AUTOMATIC") || sorted && strings.Contains(step, "TEMP B-TREE") {
			t.Errorf("%s: %q in\n%s", what, step, plan)
		}
	}
}

// contract is what all nouns can be asked.
type contract[T any] interface {
	ByID(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]*T, error)
	List(context.Context, stores.Scope, stores.Query) (stores.Slice[*T], error)
}

// explainNoun checks the reads that all nouns share: by id, and the default order from both ends and from the middle.
func explainNoun[T any](t *testing.T, db *DB, spec stores.Spec, of func(*DB) contract[T], values ...any) {
	t.Helper()
	s, ctx := stores.NewScope("u", "", ""), t.Context()
	name := string(spec.Kind)
	explain(t, db, name+" by id", true, func(db *DB) error {
		_, err := of(db).ByID(ctx, s, []stores.ID{stores.NewID()}, nil)
		return err
	})
	order, err := spec.Sorted(nil)
	if err != nil {
		t.Fatal(err)
	}
	id := stores.NewID()
	middle := stores.NewCursor(order, append(values, id), id)
	for what, page := range map[string]stores.Page{
		"first": {First: 5}, "last": {Last: 5}, "after": {First: 5, After: middle}, "before": {Last: 5, Before: middle},
	} {
		explain(t, db, name+" listed "+what, true, func(db *DB) error {
			_, err := of(db).List(ctx, s, stores.Query{Page: page})
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

	explainNoun(t, db, stores.EpisodeSpec, func(db *DB) contract[stores.Episode] { return db.Episodes() }, 1)
	explainNoun(t, db, stores.EntitySpec, func(db *DB) contract[stores.Entity] { return db.Entities() }, "name")
	explainNoun(t, db, stores.EntityRecordSpec, func(db *DB) contract[stores.EntityRecord] { return db.EntityRecords() }, "name")
	explainNoun(t, db, stores.ProcedureSpec, func(db *DB) contract[stores.Procedure] { return db.Procedures() }, "name")
	explainNoun(t, db, stores.RelationshipSpec, func(db *DB) contract[stores.Relationship] { return db.Relationships() }, 0.5)
	explainNoun(t, db, stores.TodoSpec, func(db *DB) contract[stores.Todo] { return db.Todos() }, 1, 1)
	explainChildren(t, db)

	s, ctx := stores.NewScope("u", "", ""), t.Context()
	explain(t, db, "entity records by name", true, func(db *DB) error {
		_, err := db.EntityRecords().ByName(ctx, s, []string{"a", "b"})
		return err
	})
	explain(t, db, "entities by name", true, func(db *DB) error {
		_, err := db.Entities().ByName(ctx, s, []string{"a", "b"}, nil)
		return err
	})
	explain(t, db, "a step of a walk", true, func(db *DB) error {
		return db.snapshot(ctx, func(q querier) error {
			w := &walk{q: q, scope: s.Key(), types: []stores.RelationType{"USES"}, left: 10}
			_, err := w.step(ctx, []stores.ID{"a"})
			return err
		})
	})
	explain(t, db, "edges of a neighborhood", false, func(db *DB) error {
		return db.snapshot(ctx, func(q querier) error {
			_, err := db.Relationships().(relationships).among(ctx, q, s, []stores.ID{"a", "b"}, nil)
			return err
		})
	})
}

// TestJournalPlans wants what gateways do all the time to cost the same however many sagas have ended.
func TestJournalPlans(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over
	s, ctx, ids := stores.NewScope("u", "", ""), t.Context(), []stores.ID{stores.NewID(), stores.NewID()}
	saga := &stores.Saga{ID: ids[0], Scope: s, State: stores.SagaRunning, Owner: "me", Claims: []string{"a"}, Plan: []byte("plan")}
	err = errors.Join(db.Journal().Begin(ctx, saga, 0), db.Answers().Put(ctx, s, &stores.Answer{Key: "key", Saga: saga.ID, CreatedAt: stores.Now()}))
	if err != nil {
		t.Fatal(err)
	}
	due := func(alone bool) func(db *DB) error {
		return func(db *DB) error {
			got, err := db.Journal().Due(ctx, "me", 0, alone, 5)
			if err == nil && len(got) != 1 {
				t.Errorf("%d sagas are due", len(got))
			}
			return err
		}
	}
	first := stores.Query{Page: stores.Page{First: 5}}
	for _, c := range []struct {
		what   string
		sorted bool
		run    func(db *DB) error
	}{
		{"due", false, due(false)},
		{"due for one that is alone", false, due(true)},
		{"renew", true, func(db *DB) error { _, err := db.Journal().Renew(ctx, "me", ids, 0); return err }},
		{"take", true, func(db *DB) error { _, err := db.Journal().Take(ctx, s, ids[0], "me", 0); return err }},
		{"wake", true, func(db *DB) error { _, err := db.Journal().Wake(ctx, s, ids[0]); return err }},
		{"holding", true, func(db *DB) error { _, err := db.Journal().Holding(ctx, s, []string{"a", "b"}); return err }},
		{"sagas by id", true, func(db *DB) error { _, err := db.Journal().ByID(ctx, s, ids); return err }},
		{"sagas listed", true, func(db *DB) error { _, err := db.Journal().List(ctx, s, first); return err }},
		{"unfinished", false, func(db *DB) error { _, err := db.Journal().Unfinished(ctx); return err }},
		{"the end", true, func(db *DB) error { saga.State = stores.SagaCommitted; return db.Journal().Advance(ctx, saga, 4) }},
		{"prune sagas", true, func(db *DB) error { _, err := db.Journal().Prune(ctx, time.Unix(0, 0)); return err }},
		{"append events", true, func(db *DB) error { return db.Outbox().Append(ctx, []stores.Event{{Scope: s, Saga: ids[0]}}) }},
		{"events after a position", true, func(db *DB) error { _, err := db.Outbox().After(ctx, s, 0, 5); return err }},
		{"the latest event", true, func(db *DB) error { _, err := db.Outbox().Latest(ctx, s); return err }},
		{"prune events", true, func(db *DB) error { _, err := db.Outbox().Prune(ctx, time.Unix(0, 0)); return err }},
		{"complete an answer", true, func(db *DB) error { return db.Answers().Complete(ctx, s, ids[0], nil) }},
		{"release an answer", true, func(db *DB) error { return db.Answers().Release(ctx, s, ids[0]) }},
	} {
		explain(t, db, c.what, c.sorted, c.run)
	}
}

func explainChildren(t *testing.T, db *DB) {
	t.Helper()
	s, ctx, ids, q := stores.NewScope("u", "", ""), t.Context(), []stores.ID{"a", "b"}, stores.Query{Page: stores.Page{First: 5}}
	for what, read := range map[string]func(db *DB) error{
		"episodes by entity":  func(db *DB) error { _, err := db.Episodes().ByEntity(ctx, s, ids, q); return err },
		"entities by episode": func(db *DB) error { _, err := db.Entities().ByEpisode(ctx, s, ids, nil); return err },
		"entities by lineage": func(db *DB) error { _, err := db.Entities().ByLineage(ctx, s, ids, nil); return err },
		"todos by episode":    func(db *DB) error { _, err := db.Todos().ByEpisode(ctx, s, ids, q); return err },
		"todos by entity":     func(db *DB) error { _, err := db.Todos().ByEntity(ctx, s, ids, q); return err },
		"edges out":           func(db *DB) error { _, err := db.Relationships().ByNode(ctx, s, ids, stores.FlowOut, q); return err },
		"edges in":            func(db *DB) error { _, err := db.Relationships().ByNode(ctx, s, ids, stores.FlowIn, q); return err },
		"edges both ways":     func(db *DB) error { _, err := db.Relationships().ByNode(ctx, s, ids, stores.FlowBoth, q); return err },
	} {
		explain(t, db, what, false, read)
	}
}
