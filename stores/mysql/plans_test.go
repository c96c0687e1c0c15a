package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/relational"
	"thalamus/stores/storestest"
)

// explainer is the engine of a database whose statements note how the server means to run them.
type explainer struct {
	engine
	plan *[]string
}

func (e explainer) explaining(q relational.Querier) explaining {
	how := "EXPLAIN FORMAT=TRADITIONAL "
	if e.server.mariadb {
		how = "EXPLAIN " // which has no other format of rows
	}
	return explaining{q, how, e.plan}
}

func (e explainer) Pool() relational.Querier { return e.explaining(e.engine.Pool()) }

func (e explainer) Begin(ctx context.Context, mode relational.Mode) (relational.Tx, func(), error) {
	tx, end, err := e.engine.Begin(ctx, mode)
	return explainingTx{tx, e.explaining(tx)}, end, err
}

type explainingTx struct {
	relational.Tx
	explaining explaining
}

func (e explainingTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return e.explaining.QueryContext(ctx, query, args...)
}

func (e explainingTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return e.explaining.QueryRowContext(ctx, query, args...)
}

func (e explainingTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if verb, _, _ := strings.Cut(query, " "); verb == "UPDATE" || verb == "DELETE" {
		if err := e.explaining.explain(ctx, query, args); err != nil {
			return nil, err
		}
	}
	return e.Tx.ExecContext(ctx, query, args...)
}

type explaining struct {
	relational.Querier
	how  string
	plan *[]string
}

func (e explaining) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := e.explain(ctx, query, args); err != nil {
		return nil, err
	}
	return e.Querier.QueryContext(ctx, query, args...)
}

func (e explaining) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := e.explain(ctx, query, args); err != nil {
		*e.plan = append(*e.plan, "type=ALL: "+err.Error())
	}
	return e.Querier.QueryRowContext(ctx, query, args...)
}

func (e explaining) explain(ctx context.Context, query string, args []any) error {
	return relational.SQL(e.how+query, args...).Each(ctx, e.Querier, func(rows *sql.Rows) error {
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		cells, to := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range cells {
			to[i] = &cells[i]
		}
		err = rows.Scan(to...)
		step := ""
		for i, name := range names {
			if cells[i].Valid {
				step += name + "=" + cells[i].String + " "
			}
		}
		*e.plan = append(*e.plan, step)
		return err
	})
}

// TestPlans wants both products to read by index: no read may go through a whole table or index of ours, and the default
// orders are those of an index.
func TestPlans(t *testing.T) {
	urls := []string{storestest.Server(t, stores.RoleRecords)}
	if url := os.Getenv("THALAMUS_TEST_MYSQL"); url != "" {
		urls = append(urls, url)
	}
	for _, url := range urls {
		c, err := parse(url)
		if err != nil {
			t.Fatal(err)
		}
		c.database = "thalamus_test_plans" // of its own, since plans depend on what else there is
		db, err := open(t.Context(), c, true)
		if err != nil && strings.Contains(err.Error(), "administrator") {
			t.Skip("the user of the server under test may not create databases")
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Run(db.Name(), func(t *testing.T) {
			testPlans(t, db)
			testJournalPlans(t, db)
		})
		_, err = db.pool.Exec("DROP DATABASE " + c.database)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Error(err)
		}
	}
}

func testPlans(t *testing.T, db *DB) {
	ctx := t.Context()
	s, ids, names := populate(t, db)
	first := stores.Query{Page: stores.Page{First: 5}}
	last := stores.Query{Page: stores.Page{Last: 5}} // of todos MySQL would rather sort the end than read the index backwards
	for what, c := range map[string]planned{
		"todos by id":            {true, func(db *DB) error { _, err := db.Todos().ByID(ctx, s, ids, nil); return err }},
		"todos listed":           {true, func(db *DB) error { _, err := db.Todos().List(ctx, s, first); return err }},
		"todos by episode":       {false, func(db *DB) error { _, err := db.Todos().ByEpisode(ctx, s, ids, first); return err }},
		"todos by entity":        {false, func(db *DB) error { _, err := db.Todos().ByEntity(ctx, s, ids, first); return err }},
		"records by id":          {true, func(db *DB) error { _, err := db.EntityRecords().ByID(ctx, s, ids, nil); return err }},
		"records by name":        {true, func(db *DB) error { _, err := db.EntityRecords().ByName(ctx, s, names); return err }},
		"records listed":         {true, func(db *DB) error { _, err := db.EntityRecords().List(ctx, s, first); return err }},
		"records from the end":   {true, func(db *DB) error { _, err := db.EntityRecords().List(ctx, s, last); return err }},
		"the profile of a scope": {true, func(db *DB) error { _, err := db.Profiles().Of(ctx, s, nil); return err }},
	} {
		c.check(t, db, what)
	}
}

// planned is a call whose statements must go by an index, and, where sorted is set, not sort.
type planned struct {
	sorted bool
	run    func(db *DB) error
}

func (c planned) check(t *testing.T, db *DB, what string) {
	t.Helper()
	var plan []string
	watched := &DB{pool: db.pool, server: db.server}
	watched.rows = relational.New(explainer{engine{watched}, &plan}, dialect{})
	if err := c.run(watched); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if len(plan) == 0 {
		t.Errorf("%s ran no query", what)
	}
	for _, step := range plan {
		derived := strings.Contains(step, "table=<derived")
		whole := strings.Contains(step, "type=ALL") || strings.Contains(step, "type=index ")
		if whole && !derived || c.sorted && strings.Contains(step, "filesort") {
			t.Errorf("%s: %s in\n%s", what, step, strings.Join(plan, "\n"))
		}
	}
}

// populate fills several scopes and gives one of them, with some ids and names that are known there.
func populate(t *testing.T, db *DB) (s stores.Scope, ids []stores.ID, names []string) {
	t.Helper()
	ctx := t.Context()
	for range 3 {
		s, ids, names = stores.NewScope(string(stores.NewID()), "", ""), nil, nil
		var todos []*stores.Todo
		var records []*stores.EntityRecord
		for i := range 1000 {
			todo := &stores.Todo{Scope: s, Content: strings.Repeat("something to do ", 10), Urgency: stores.Urgency(i % 4)}
			todo.SetDefaults(stores.Now())
			record := &stores.EntityRecord{ID: todo.ID, Scope: s, Name: fmt.Sprint("name ", i), Current: true, CreatedAt: stores.Now(), UpdatedAt: stores.Now()}
			todos, records = append(todos, todo), append(records, record)
			if i < 200 {
				ids, names = append(ids, todo.ID), append(names, record.Name)
			}
			todo.SourceEpisode, todo.Entities = ids[i%len(ids)], []stores.ID{ids[i%len(ids)]}
		}
		ids, names = ids[:5], names[:5]
		profile := &stores.Profile{Scope: s, Content: "x"}
		profile.SetDefaults(stores.Now())
		for _, err := range []error{db.Todos().Put(ctx, s, todos), db.EntityRecords().Put(ctx, s, records),
			db.Profiles().Put(ctx, s, []*stores.Profile{profile})} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, table := range []string{"todos", "todo_entities", "entity_records", "profiles"} {
		if _, err := db.pool.ExecContext(ctx, "ANALYZE TABLE "+table); err != nil {
			t.Fatal(err)
		}
	}
	return s, ids, names
}
