package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"thalamus/stores"
	"thalamus/stores/mysql"
)

// killAll ends every connection to a database but those of the caller.
func killAll(t *testing.T, raw *sql.DB, database string) {
	t.Helper()
	rows, err := raw.Query("SELECT id FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()", database)
	must(t, err)
	var ids []int64
	for rows.Next() {
		var id int64
		must(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	must(t, errors.Join(rows.Err(), rows.Close()))
	if len(ids) == 0 {
		t.Fatal("there is no connection to kill")
	}
	for _, id := range ids {
		exec(t, raw, fmt.Sprint("KILL ", id))
	}
	for range 100 { // until they are gone
		var left int
		must(t, raw.QueryRow("SELECT count(*) FROM information_schema.processlist WHERE db = ? AND id <> CONNECTION_ID()", database).Scan(&left))
		if left == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestKilledConnections has an administrator end connections: idle ones are replaced unseen, and a transaction that lost
// its connection has written nothing.
func TestKilledConnections(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		db, raw, s := open(t, url), beside(t, url, ""), newScope()
		must(t, errors.Join(together(10, func(int) error { return db.Todos().Put(t.Context(), s, []*stores.Todo{newTodo(s, "x")}) })...))
		killAll(t, raw, database)
		for range 3 {
			if n, err := db.Todos().Count(t.Context(), s, stores.Filter{}); err != nil || n != 10 {
				t.Fatalf("after idle connections were killed: %d, %v", n, err)
			}
		}
		killAll(t, raw, database)
		must(t, db.Todos().Put(t.Context(), s, []*stores.Todo{newTodo(s, "y")}))

		err := db.Atomic(t.Context(), func(ctx context.Context) error {
			must(t, db.Todos().Put(ctx, s, []*stores.Todo{newTodo(s, "lost")}))
			killAll(t, raw, database)
			_ = db.Todos().Put(ctx, s, []*stores.Todo{newTodo(s, "lost too")})
			return nil
		})
		if !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("a transaction whose connection was killed gave %v", err)
		}
		if n, err := db.Todos().Count(t.Context(), s, stores.Filter{}); err != nil || n != 11 {
			t.Errorf("after a transaction lost its connection: %d, %v; want 11", n, err)
		}
		if p := db.Pool(); p.InUse != 0 {
			t.Errorf("%d connections are still in use", p.InUse)
		}
	})
}

// meet runs two transactions that lock two todos in opposite order, and gives their errors.
func meet(t *testing.T, db *mysql.DB, s stores.Scope, todos []*stores.Todo, then func(ctx context.Context, i int, err error) error) []error {
	t.Helper()
	var locked [2]chan struct{}
	for i := range locked {
		locked[i] = make(chan struct{})
	}
	return together(2, func(i int) error {
		first, second := *todos[i], *todos[1-i]
		return db.Atomic(t.Context(), func(ctx context.Context) error {
			err := db.Todos().Put(ctx, s, []*stores.Todo{&first})
			close(locked[i])
			<-locked[1-i]
			if err == nil {
				err = db.Todos().Put(ctx, s, []*stores.Todo{&second})
			}
			return then(ctx, i, err)
		})
	})
}

// TestDeadlock wants one of two transactions that wait for each other to succeed, and the other to leave nothing behind,
// even when it goes on as if nothing had happened.
func TestDeadlock(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		db, s := open(t, url), newScope()
		todos := []*stores.Todo{newTodo(s, "a"), newTodo(s, "b")}
		must(t, db.Todos().Put(t.Context(), s, todos))
		errs := meet(t, db, s, todos, func(ctx context.Context, i int, err error) error {
			after := newTodo(s, "after")
			if failed := db.Todos().Put(ctx, s, []*stores.Todo{after}); (failed == nil) != (err == nil) {
				t.Errorf("a write after %v gave %v", err, failed)
			}
			return nil
		})
		if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), stores.ErrUnavailable) {
			t.Fatalf("two transactions in a deadlock gave %v", errs)
		}
		if n, err := db.Todos().Count(t.Context(), s, stores.Where("content", stores.Eq, "after")); err != nil || n != 1 {
			t.Errorf("%d todos were written after the deadlock, %v; want 1, of the transaction that succeeded", n, err)
		}
	})
}

// TestWritesThatMeet has writers put the same records of three nouns again and again: none may fail.
func TestWritesThatMeet(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		db, s, ctx := open(t, url), newScope(), t.Context()
		var todos []*stores.Todo
		var records []*stores.EntityRecord
		for i := range 30 {
			todos = append(todos, newTodo(s, "x"))
			records = append(records, newRecord(s, string(rune('a'+i))))
		}
		must(t, errors.Join(together(12, func(i int) error {
			for k := range 10 {
				batch, names := make([]*stores.Todo, len(todos)), make([]*stores.EntityRecord, len(records))
				for j := range todos {
					t, r := *todos[(j*7+i+k)%len(todos)], *records[(j*11+i)%len(records)]
					t.Entities = []stores.ID{records[(i+j)%len(records)].ID}
					batch[j], names[j] = &t, &r
				}
				profile := &stores.Profile{Scope: s, Content: "x"}
				profile.SetDefaults(stores.Now())
				if err := errors.Join(db.Todos().Put(ctx, s, batch), db.EntityRecords().Put(ctx, s, names),
					db.Profiles().Put(ctx, s, []*stores.Profile{profile})); err != nil {
					return err
				}
			}
			return nil
		})...))
	})
}

// TestLockWait has a write wait for a row that somebody else keeps.
func TestLockWait(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		db, s := open(t, url), newScope()
		todo := newTodo(s, "kept")
		must(t, db.Todos().Put(t.Context(), s, []*stores.Todo{todo}))
		other, err := beside(t, url, database).Begin()
		must(t, err)
		defer other.Rollback() //nolint:errcheck // it only kept the row
		_, err = other.Exec("UPDATE todos SET content = 'taken' WHERE scope = SHA2(?, 256) AND id = ?", s.Key(), string(todo.ID))
		must(t, err)
		err = db.Atomic(t.Context(), func(ctx context.Context) error {
			must(t, db.Todos().Put(ctx, s, []*stores.Todo{newTodo(s, "new")}))
			if err := db.Todos().Put(ctx, s, []*stores.Todo{todo}); !errors.Is(err, stores.ErrUnavailable) {
				t.Errorf("a write of a row that is kept gave %v", err)
			}
			return nil
		})
		if !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("a transaction in which a write waited in vain gave %v", err)
		}
		if n, err := db.Todos().Count(t.Context(), s, stores.Filter{}); err != nil || n != 1 {
			t.Errorf("%d todos, %v; want 1", n, err)
		}
		hurry, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := db.Todos().Put(hurry, s, []*stores.Todo{todo}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a write that ran out of time gave %v", err)
		}
	})
}

// TestLargeRecords puts more than a packet holds, in one batch and in one record.
func TestLargeRecords(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		db, s := open(t, url), newScope()
		var packet int
		must(t, beside(t, url, database).QueryRow("SELECT @@max_allowed_packet").Scan(&packet))
		content := strings.Repeat("😀'", stores.MaxContent/2)
		var batch []*stores.Todo
		for size := 0; size < min(packet, 16<<20)*5/4; size += len(content) {
			batch = append(batch, newTodo(s, content))
		}
		must(t, db.Todos().Put(t.Context(), s, batch))
		if n, err := db.Todos().Count(t.Context(), s, stores.Where("content", stores.StartsWith, content[:1000])); err != nil || n != len(batch) {
			t.Errorf("stored %d of %d large todos, %v", n, len(batch), err)
		}
		if packet > 16<<20 {
			return // a record of that size would take long, and prove the same
		}
		huge := newRecord(s, "huge")
		huge.Metadata = map[string]any{"x": strings.Repeat("x", packet)}
		if err := db.EntityRecords().Put(t.Context(), s, []*stores.EntityRecord{huge}); !errors.Is(err, stores.ErrInvalid) || !strings.Contains(err.Error(), "max_allowed_packet") {
			t.Errorf("a record larger than a packet gave %.200v", err)
		}
		must(t, db.Ping(t.Context()))
	})
}

// TestDeadlockIsTriedAgain has a single write lose against another transaction: its caller does not notice.
func TestDeadlockIsTriedAgain(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		db, s, raw := open(t, url), newScope(), beside(t, url, database)
		todos := make([]*stores.Todo, 50)
		for i := range todos {
			todos[i] = newTodo(s, "old")
		}
		must(t, db.Todos().Put(t.Context(), s, todos))
		first, last := *todos[0], *todos[len(todos)-1] // in the order of their ids, in which rows are locked
		first.Content, last.Content = "new", "new"
		id := first.ID // the write may take back what it gave to its items meanwhile

		other, err := raw.Begin()
		must(t, err)
		defer other.Rollback() //nolint:errcheck // a no-op after the commit
		_, err = other.Exec("UPDATE todos SET reason = 'other' WHERE scope = SHA2(?, 256) AND id > ?", s.Key(), id)
		must(t, err) // it changed much, so that the server prefers to end the write
		wrote := make(chan error, 1)
		go func() { wrote <- db.Todos().Put(t.Context(), s, []*stores.Todo{&last, &first}) }()
		for range 20 { // until it waits; should it not, it finds the row free in the end
			time.Sleep(150 * time.Millisecond) // the servers look again only when nobody asked for a tenth of a second
			var waiting int
			must(t, raw.QueryRow("SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'").Scan(&waiting))
			if waiting > 0 {
				break
			}
		}
		_, err = other.Exec("UPDATE todos SET reason = 'other' WHERE scope = SHA2(?, 256) AND id = ?", s.Key(), id)
		must(t, err)
		must(t, other.Commit())
		must(t, <-wrote)
		if n, err := db.Todos().Count(t.Context(), s, stores.Where("content", stores.Eq, "new")); err != nil || n != 2 {
			t.Errorf("%d todos were written, %v; want 2", n, err)
		}
	})
}
