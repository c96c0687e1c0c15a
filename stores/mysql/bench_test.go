package mysql_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/mysql"
	"thalamus/stores/storestest"
)

// memory is a filled database: n todos about n/10 entities, and n entity records.
type memory struct {
	scope    stores.Scope
	todos    []stores.ID
	entities []stores.ID
	names    []string
}

func fill(tb testing.TB, db *mysql.DB, n int) memory {
	tb.Helper()
	m, ctx := memory{scope: newScope()}, tb.Context()
	for range n / 10 {
		m.entities = append(m.entities, stores.NewID())
	}
	for from := 0; from < n; from += 1000 {
		var todos []*stores.Todo
		var records []*stores.EntityRecord
		for i := from; i < min(from+1000, n); i++ {
			t, r := m.todo(i), newRecord(m.scope, fmt.Sprint("entity ", i))
			r.Content, r.Keywords = strings.Repeat("something known ", 20), []string{"a", fmt.Sprint(i % 100)}
			todos, records = append(todos, t), append(records, r)
			m.todos, m.names = append(m.todos, t.ID), append(m.names, r.Name)
		}
		must(tb, db.Todos().Put(ctx, m.scope, todos))
		must(tb, db.EntityRecords().Put(ctx, m.scope, records))
	}
	return m
}

func (m memory) todo(i int) *stores.Todo {
	t := newTodo(m.scope, strings.Repeat("something to do ", 20))
	t.Urgency = stores.Urgency(i % 4)
	t.Entities = []stores.ID{m.entities[i%len(m.entities)]}
	return t
}

func some[T any](from []T, n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = from[rand.IntN(len(from))]
	}
	return out
}

// BenchmarkParameters compares the two ways in which parameters reach the server: inside the statement, and by a
// prepared statement.
func BenchmarkParameters(b *testing.B) {
	url := storestest.Server(b, stores.RoleRecords)
	for way, open := range map[string]func(context.Context, string) (*mysql.DB, error){"interpolated": mysql.Open, "prepared": mysql.OpenPrepared} {
		db, err := open(b.Context(), url)
		must(b, err)
		defer db.Close() //nolint:errcheck // the benchmark is over
		m := fill(b, db, 10_000)
		ctx, first := b.Context(), stores.Query{Page: stores.Page{First: 20}}
		for name, fn := range map[string]func() error{
			"ByID/1":   func() error { _, err := db.Todos().ByID(ctx, m.scope, some(m.todos, 1), nil); return err },
			"ByID/100": func() error { _, err := db.Todos().ByID(ctx, m.scope, some(m.todos, 100), nil); return err },
			"ByName/100": func() error {
				_, err := db.EntityRecords().ByName(ctx, m.scope, some(m.names, 100))
				return err
			},
			"List/20": func() error { _, err := db.Todos().List(ctx, m.scope, first); return err },
			"ByEntity/100": func() error {
				_, err := db.Todos().ByEntity(ctx, m.scope, some(m.entities, 100), first)
				return err
			},
			"Put/1":   func() error { return db.Todos().Put(ctx, m.scope, m.again(1)) },
			"Put/100": func() error { return db.Todos().Put(ctx, m.scope, m.again(100)) },
		} {
			b.Run(name+"/"+way, func(b *testing.B) {
				for b.Loop() {
					must(b, fn())
				}
			})
		}
	}
}

// again makes n todos that are stored already.
func (m memory) again(n int) []*stores.Todo {
	out := make([]*stores.Todo, n)
	for i := range out {
		k := rand.IntN(len(m.todos))
		out[i] = m.todo(k)
		out[i].ID = m.todos[k]
	}
	return out
}

func BenchmarkJournal(b *testing.B) {
	url, _ := fresh(b, storestest.Server(b, stores.RoleRecords))
	db := open(b, url)
	storestest.BenchmarkJournal(b, &stores.Set{Journal: db.Journal(), Outbox: db.Outbox()})
}
