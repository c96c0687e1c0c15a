package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"thalamus/stores"
	"thalamus/stores/mysql"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// beside opens a connection to the server beside Thalamus, to no database if none is named.
func beside(t testing.TB, raw, database string) *sql.DB {
	t.Helper()
	u, err := url.Parse(raw)
	must(t, err)
	c := driver.NewConfig()
	c.Net, c.Addr, c.User, c.DBName = "tcp", u.Host, u.User.Username(), database
	c.Passwd, _ = u.User.Password()
	c.Params = map[string]string{"autocommit": "1"}
	must(t, c.Apply(driver.Charset("utf8mb4", "")))
	connector, err := driver.NewConnector(c)
	must(t, err)
	pool := sql.OpenDB(connector)
	t.Cleanup(func() { _ = pool.Close() })
	return pool
}

func exec(t testing.TB, pool *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := pool.ExecContext(context.WithoutCancel(t.Context()), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// allowed executes a statement, and skips the test where the user of the server under test may not.
func allowed(t testing.TB, pool *sql.DB, statement string) {
	t.Helper()
	_, err := pool.ExecContext(t.Context(), statement)
	var refused *driver.MySQLError
	if errors.As(err, &refused) && slices.Contains([]uint16{1044, 1045, 1142, 1227, 1410}, refused.Number) {
		t.Skipf("the user of the server under test may not do this; name an administrator instead: %s", statement)
	}
	must(t, err)
}

// fresh names a database that does not exist, and drops it after the test.
func fresh(t testing.TB, raw string) (named, database string) {
	t.Helper()
	database = "thalamus_test_" + strings.ReplaceAll(string(stores.NewID()), "-", "")[12:]
	admin := beside(t, raw, "")
	allowed(t, admin, "CREATE DATABASE "+database)
	exec(t, admin, "DROP DATABASE "+database)
	t.Cleanup(func() { exec(t, admin, "DROP DATABASE IF EXISTS "+database) })
	u, err := url.Parse(raw)
	must(t, err)
	u.Path = "/" + database
	return u.String(), database
}

// with changes a URL.
func with(t testing.TB, raw string, change func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(raw)
	must(t, err)
	change(u)
	return u.String()
}

// TestOpenTogether has several gateways start on a database that does not exist yet.
func TestOpenTogether(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		const gateways = 4
		opened, errs := make([]*mysql.DB, gateways), make([]error, gateways)
		done := make(chan int)
		for i := range gateways {
			go func() {
				opened[i], errs[i] = mysql.Open(t.Context(), url)
				done <- i
			}()
		}
		for range gateways {
			<-done
		}
		must(t, errors.Join(errs...))
		for _, db := range opened {
			defer db.Close() //nolint:errcheck // the test is over
			facts, err := db.Facts(t.Context())
			must(t, err)
			if facts.Schema != "version 3" {
				t.Errorf("the schema is %q", facts.Schema)
			}
		}
		var applied int
		must(t, beside(t, url, database).QueryRow("SELECT count(*) FROM thalamus_schema WHERE version_id = 1").Scan(&applied))
		if applied != 1 {
			t.Errorf("the first migration was applied %d times", applied)
		}
	})
}

// TestHalfMigrated repeats a migration that ended in the middle: the servers do not undo what it had done.
func TestHalfMigrated(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		must(t, open(t, url).Close())
		raw := beside(t, url, database)
		for what, statements := range map[string][]string{
			"the first":          {"DROP TABLE answers", "DELETE FROM thalamus_schema WHERE version_id >= 1"},
			"the second":         {"DROP TABLE saga_claims, outbox", "DELETE FROM thalamus_schema WHERE version_id >= 2"},
			"the second's start": {"ALTER TABLE answers DROP KEY answers_by_saga, DROP COLUMN saga", "DROP TABLE outbox_end", "DELETE FROM thalamus_schema WHERE version_id >= 2"},
		} {
			for _, statement := range statements {
				exec(t, raw, statement)
			}
			db, s := open(t, url), newScope()
			a := &stores.Answer{Key: "key", Saga: stores.NewID(), CreatedAt: stores.Now()}
			err := errors.Join(db.Answers().Put(t.Context(), s, a),
				db.Journal().Begin(t.Context(), &stores.Saga{ID: a.Saga, Scope: s, Claims: []string{"a"}}, 0),
				db.Outbox().Append(t.Context(), []stores.Event{{Scope: s, Saga: a.Saga, At: stores.Now()}}))
			if err != nil {
				t.Errorf("after %s: %v", what, err)
			}
		}
	})
}

// TestOlderRecords reads what was written before records had versions.
func TestOlderRecords(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		db, r := open(t, url), newRecord(newScope(), "Kettle")
		r.Version = 7
		must(t, db.EntityRecords().Put(t.Context(), r.Scope, []*stores.EntityRecord{r}))
		raw := beside(t, url, database)
		exec(t, raw, "ALTER TABLE entity_records DROP COLUMN version, DROP COLUMN previous")
		exec(t, raw, "DELETE FROM thalamus_schema WHERE version_id >= 2")
		got, err := open(t, url).EntityRecords().ByID(t.Context(), r.Scope, []stores.ID{r.ID}, nil)
		must(t, err)
		if r := got[r.ID]; r == nil || r.Version != 0 || r.Before != nil || r.At(7) != r {
			t.Errorf("the record is %+v", r)
		}
	})
}

// TestHalfBegun goes on where the first start ended between its statements.
func TestHalfBegun(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		const later = "profiles, todos, todo_entities, answers, answer_nodes, sagas, saga_plans, saga_claims, outbox, outbox_end"
		const all = "DROP TABLE entity_records, " + later
		for what, statements := range map[string][]string{
			"an empty schema table":       {all, "DELETE FROM thalamus_schema"},
			"a schema table alone":        {all, "DELETE FROM thalamus_schema WHERE version_id >= 1"},
			"the first table and no more": {"DROP TABLE " + later, "DELETE FROM thalamus_schema WHERE version_id >= 1"},
		} {
			url, database := fresh(t, url)
			must(t, open(t, url).Close())
			raw := beside(t, url, database)
			for _, statement := range statements {
				exec(t, raw, statement)
			}
			facts, err := mysql.Look(t.Context(), url)
			if err != nil || !strings.HasPrefix(facts.Schema, "none yet") {
				t.Errorf("a look at %s gave %+v, %v", what, facts, err)
			}
			db, err := mysql.Open(t.Context(), url)
			if err != nil {
				t.Errorf("%s: %v", what, err)
				continue
			}
			s := newScope()
			must(t, db.Todos().Put(t.Context(), s, []*stores.Todo{newTodo(s, "a")}))
			_, err = db.Answers().Get(t.Context(), s, "key")
			must(t, err)
			must(t, db.Close())
		}
	})
}

// TestForeignDatabaseIsRefused wants what others keep to stay as it is.
func TestForeignDatabaseIsRefused(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		exec(t, beside(t, url, ""), "CREATE DATABASE "+database)
		raw := beside(t, url, database)
		exec(t, raw, "CREATE TABLE others (id INT PRIMARY KEY)")
		if _, err := mysql.Look(t.Context(), url); err != nil {
			t.Errorf("a look at tables of other names gave %v", err)
		}
		exec(t, raw, "CREATE TABLE todos (id INT PRIMARY KEY, title TEXT)")
		for what, open := range map[string]func() error{
			"open": func() error { _, err := mysql.Open(t.Context(), url); return err },
			"look": func() error { _, err := mysql.Look(t.Context(), url); return err },
		} {
			err := open()
			var known *stores.Error
			if !errors.Is(err, stores.ErrInvalid) || !errors.As(err, &known) || known.Backend != "mysql" ||
				!strings.Contains(known.Message, database+" has a table todos") || !strings.Contains(known.Message, "name another database") {
				t.Errorf("%s gave %v", what, err)
			}
		}
		var tables int
		must(t, raw.QueryRow("SELECT count(*) FROM information_schema.tables WHERE table_schema = ?", database).Scan(&tables))
		if tables != 2 {
			t.Errorf("there are %d tables, want those that were there", tables)
		}
		exec(t, raw, "DROP TABLE todos")
		must(t, open(t, url).Close()) // beside tables of other names
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		must(t, open(t, url).Close())
		exec(t, beside(t, url, database), "INSERT INTO thalamus_schema (version_id, is_applied) VALUES (99999, 1)")
		for what, open := range map[string]func() error{
			"open": func() error { _, err := mysql.Open(t.Context(), url); return err },
			"look": func() error { _, err := mysql.Look(t.Context(), url); return err },
		} {
			if err := open(); !errors.Is(err, stores.ErrUnsupported) || !strings.Contains(err.Error(), "99999") {
				t.Errorf("%s of a newer database gave %v", what, err)
			}
		}
	})
}

// TestLook changes nothing.
func TestLook(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		for range 2 {
			facts, err := mysql.Look(t.Context(), url)
			must(t, err)
			if !facts.Empty || facts.Version == "" || !strings.Contains(facts.Schema, "no database "+database+" yet") {
				t.Fatalf("facts of a database that is not there are %+v", facts)
			}
		}
		exec(t, beside(t, url, ""), "CREATE DATABASE "+database)
		facts, err := mysql.Look(t.Context(), url)
		must(t, err)
		if facts.Schema != "none yet; version 3 comes with the first start" {
			t.Errorf("an empty database has the schema %q", facts.Schema)
		}
		must(t, open(t, url).Close())
		facts, err = mysql.Look(t.Context(), url)
		must(t, err)
		if away := time.Since(facts.Clock).Abs(); away > time.Hour || facts.Clock.Location() != time.UTC {
			t.Errorf("the clock of the server is %v", facts.Clock)
		}
		facts.Clock = time.Time{}
		if !facts.Empty || facts.Entities || facts.Version == "" || facts.Product != "MariaDB" && facts.Product != "MySQL" || facts.Schema != "version 3" {
			t.Errorf("facts are %+v", facts)
		}
		db := open(t, url)
		r := newRecord(stores.NewScope("", "", ""), "Kettle")
		must(t, db.EntityRecords().Put(t.Context(), r.Scope, []*stores.EntityRecord{r}))
		if facts, err = mysql.Look(t.Context(), url); err != nil || facts.Empty || !facts.Entities {
			t.Errorf("facts are %+v, %v", facts, err)
		}
	})
}

// TestNoConnection wants words that say what to do, and never the password.
func TestNoConnection(t *testing.T) {
	servers(t, func(t *testing.T, raw string) {
		missing, database := fresh(t, raw)
		admin, user := beside(t, raw, ""), "poor"+database[len(database)-12:]
		allowed(t, admin, "CREATE USER "+user+"@'%' IDENTIFIED BY 'secret+word'")
		t.Cleanup(func() { exec(t, admin, "DROP USER "+user+"@'%'") })
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		silent := listener.Addr().String()
		defer listener.Close() //nolint:errcheck // it only kept the port
		for what, c := range map[string]struct {
			url  string
			kind error
			want string
		}{
			"a user without rights": {with(t, missing, func(u *url.URL) { u.User = url.UserPassword(user, "secret+word") }), stores.ErrInvalid,
				"CREATE DATABASE `" + database + "` CHARACTER SET utf8mb4; GRANT ALL ON `" + database + "`.* TO '" + user + "'@'%'"},
			"a wrong password": {with(t, raw, func(u *url.URL) { u.User = url.UserPassword(user, "wrong+word") }), stores.ErrInvalid,
				"does not accept the user " + user},
			"no server": {with(t, raw, func(u *url.URL) { u.Host = "127.0.0.1:1" }), stores.ErrUnavailable,
				"no MySQL or MariaDB server answers at 127.0.0.1:1"},
			"a silent server": {with(t, raw, func(u *url.URL) { u.Host, u.RawQuery = silent, "connect_timeout=200ms" }), stores.ErrUnavailable,
				"answers at " + silent},
		} {
			_, err := mysql.Open(t.Context(), c.url)
			if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "+word") {
				t.Errorf("%s gave %v, want words like %q", what, err, c.want)
			}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := mysql.Open(ended, raw); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled open gave %v", err)
		}
	})
}

// TestOneConnection has everything pass through a pool of one: no call may need two at a time.
func TestOneConnection(t *testing.T) {
	servers(t, func(t *testing.T, raw string) {
		raw, _ = fresh(t, raw)
		db := open(t, with(t, raw, func(u *url.URL) { u.RawQuery = "pool=1" }))
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		s, q := newScope(), stores.Query{Page: stores.Page{First: 1}}
		todos := []*stores.Todo{newTodo(s, "a"), newTodo(s, "b")}
		use := func(ctx context.Context) error {
			if err := db.Todos().Put(ctx, s, todos); err != nil {
				return err
			}
			page, err := db.Todos().List(ctx, s, q)
			if err != nil {
				return err
			}
			_, err = db.Todos().List(ctx, s, stores.Query{Page: stores.Page{First: 1, After: page.Cursors[0]}})
			return err
		}
		must(t, use(ctx))
		must(t, db.Atomic(ctx, use))
		if p := db.Pool(); p.Limit != 1 || p.Open != 1 || p.InUse != 0 || p.Taken < 4 || p.Waits != 0 {
			t.Errorf("pool after single calls: %+v", p)
		}
		must(t, errors.Join(together(8, func(int) error { return use(ctx) })...))
		if p := db.Pool(); p.Waits == 0 || p.Waited == 0 || p.Open != 1 {
			t.Errorf("pool after calls at the same time: %+v", p)
		}
	})
}

func newScope() stores.Scope { return stores.NewScope(string(stores.NewID()), "", "") }

func newTodo(s stores.Scope, content string) *stores.Todo {
	t := &stores.Todo{Scope: s, Content: content}
	t.SetDefaults(stores.Now())
	return t
}

func newRecord(s stores.Scope, name string) *stores.EntityRecord {
	return &stores.EntityRecord{ID: stores.NewID(), Scope: s, Name: name, Current: true, CreatedAt: stores.Now(), UpdatedAt: stores.Now()}
}

// together calls fn from n goroutines at once.
func together(n int, fn func(i int) error) []error {
	errs, done := make([]error, n), make(chan struct{})
	for i := range n {
		go func() {
			defer func() { done <- struct{}{} }()
			errs[i] = fn(i)
		}()
	}
	for range n {
		<-done
	}
	return errs
}

// TestStoredAsWritten looks at the tables beside Thalamus: texts compare by bytes, JSON is as it was written.
func TestStoredAsWritten(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		url, database := fresh(t, url)
		db, raw := open(t, url), beside(t, url, database)
		want := map[string]string{"mariadb": "utf8mb4_nopad_bin", "mysql": "utf8mb4_0900_bin"}[db.Name()]
		rows, err := raw.Query("SELECT table_name, column_name, collation_name FROM information_schema.columns "+
			"WHERE table_schema = ? AND collation_name IS NOT NULL AND table_name <> 'thalamus_schema' AND column_name NOT LIKE 'scope%'", database)
		must(t, err)
		defer rows.Close() //nolint:errcheck // rows.Err tells
		columns := 0
		for ; rows.Next(); columns++ {
			var table, column, collation string
			must(t, rows.Scan(&table, &column, &collation))
			if collation != want {
				t.Errorf("%s.%s compares by %s, want %s", table, column, collation, want)
			}
		}
		must(t, rows.Err())
		if columns < 20 {
			t.Errorf("there are %d columns of texts", columns)
		}
		s := newScope()
		r := newRecord(s, "a")
		r.Metadata = map[string]any{"z": 1.0, "a": 1e300, "é": "<&>"}
		must(t, db.EntityRecords().Put(t.Context(), s, []*stores.EntityRecord{r}))
		var metadata, scope string
		must(t, raw.QueryRow("SELECT metadata, scope_key FROM entity_records").Scan(&metadata, &scope))
		if wrote := `{"a":1e+300,"z":1,"é":"\u003c\u0026\u003e"}`; metadata != wrote || scope != s.Key() {
			t.Errorf("stored %s of %s, want %s", metadata, scope, wrote)
		}
	})
}

// TestLongKeys uses the longest scope, names and keys there can be, which differ in their last character only.
func TestLongKeys(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		db, ctx := open(t, url), t.Context()
		wide := func(n int, last string) string { return strings.Repeat("😀", n-1) + last }
		id := string(stores.NewID())
		for _, last := range []string{"a", "b"} {
			part := strings.Repeat("é", 109) + id + last
			s := stores.NewScope(part, part, part)
			must(t, s.Validate())
			a, b := newRecord(s, wide(255, "a")), newRecord(s, wide(255, "b"))
			must(t, db.EntityRecords().Put(ctx, s, []*stores.EntityRecord{a, b}))
			got, err := db.EntityRecords().ByName(ctx, s, []string{a.Name, b.Name})
			must(t, err)
			if len(got) != 2 || got[a.Name].ID != a.ID || got[b.Name].ID != b.ID {
				t.Errorf("two long names gave %v", got)
			}
			for i, key := range []string{wide(255, "a"), wide(255, "b")} {
				must(t, db.Answers().Put(ctx, s, &stores.Answer{Key: key, Request: fmt.Sprint(i), Nodes: []stores.ID{a.ID}, CreatedAt: stores.Now()}))
				answer, err := db.Answers().Get(ctx, s, key)
				must(t, err)
				if answer == nil || answer.Request != fmt.Sprint(i) {
					t.Errorf("the answer under a long key is %+v", answer)
				}
			}
		}
	})
}

// TestFewRights starts with the rights that docs/mysql.md names, and then with those that need no change of the schema.
func TestFewRights(t *testing.T) {
	servers(t, func(t *testing.T, raw string) {
		raw, database := fresh(t, raw)
		admin, user, s := beside(t, raw, ""), "few"+database[len(database)-12:], newScope()
		exec(t, admin, "CREATE DATABASE "+database)
		allowed(t, admin, "CREATE USER "+user+"@'%' IDENTIFIED BY 'secret'")
		t.Cleanup(func() { exec(t, admin, "DROP USER "+user+"@'%'") })
		raw = with(t, raw, func(u *url.URL) { u.User = url.UserPassword(user, "secret") })
		use := func() {
			t.Helper()
			db := open(t, raw)
			must(t, db.Atomic(t.Context(), func(ctx context.Context) error {
				return db.Todos().Put(ctx, s, []*stores.Todo{newTodo(s, "a")})
			}))
			_, err := db.Facts(t.Context())
			must(t, err)
			must(t, db.Close())
		}
		allowed(t, admin, "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON "+database+".* TO "+user+"@'%'")
		use()
		exec(t, admin, "REVOKE CREATE, ALTER, INDEX ON "+database+".* FROM "+user+"@'%'")
		use()
	})
}

// TestTLS wants either a connection or words that say what to do about there being none.
func TestTLS(t *testing.T) {
	servers(t, func(t *testing.T, raw string) {
		must(t, open(t, with(t, raw, func(u *url.URL) { u.RawQuery = "tls=preferred" })).Ping(t.Context()))
		for option, words := range map[string][]string{
			"tls=true":        {"offers no TLS", "is not trusted; name the file of its authority by ca"},
			"tls=skip-verify": {"offers no TLS"},
		} {
			db, err := mysql.Open(t.Context(), with(t, raw, func(u *url.URL) { u.RawQuery = option }))
			if err == nil {
				must(t, db.Close())
				continue
			}
			helps := false
			for _, w := range words {
				helps = helps || strings.Contains(err.Error(), w)
			}
			if !errors.Is(err, stores.ErrInvalid) || !helps {
				t.Errorf("%s gave %v", option, err)
			}
		}
	})
}
