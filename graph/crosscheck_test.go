package graph_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"thalamus/graph/graphtest"
	"thalamus/stores"
	"thalamus/stores/storestest"
	"thalamus/stores/storestest/servers"
)

// TestTheTraceIsWhatTheServersSaw compares the calls that a trace lists with what the servers logged themselves: Neo4j's
// statistics of queries, MariaDB's general log, and MONITOR of Redis.
func TestTheTraceIsWhatTheServersSaw(t *testing.T) {
	storestest.Server(t, stores.RoleVectors)
	storestest.Server(t, stores.RoleGraph)
	storestest.Server(t, stores.RoleRecords)
	storestest.Server(t, stores.RoleCache)
	nodes, records, cache := private(t, servers.Neo4j), private(t, servers.MariaDB), private(t, servers.Redis)
	graphLog := newNeo4jLog(t, nodes)
	t.Setenv("THALAMUS_TEST_EDGE", "servers")
	t.Setenv("THALAMUS_TEST_GRAPH", nodes)
	t.Setenv("THALAMUS_TEST_RECORDS", records)
	t.Setenv("THALAMUS_TEST_CACHE", cache)
	g := graphtest.NewSample(t)
	vars := map[string]any{"n": 10}
	g.Post(t, referenceEntities, vars, nil) // connections are there from now on

	recordsLog, cacheLog := newMySQLLog(t, records), newRedisLog(t, cache)
	begin := time.Now()
	for _, query := range []string{referenceEntities, "{ backends { name } }"} {
		r := g.Post(t, query, vars, nil)
		if len(r.Errors) > 0 {
			t.Fatal(r.Errors)
		}
		listed := map[stores.Role][]string{}
		for _, c := range r.Calls {
			listed[c.Role] = append(listed[c.Role], c.Operation)
		}
		for role, saw := range map[stores.Role][]string{
			stores.RoleGraph: graphLog.since(t, begin), stores.RoleRecords: recordsLog.take(t), stores.RoleCache: cacheLog.take(t),
		} {
			calls := listed[role]
			if role != stores.RoleCache { // of no scope in Neo4j, and not logged by MariaDB
				calls = slices.DeleteFunc(slices.Clone(calls), func(op string) bool { return op == "ping" })
			}
			if len(saw) != len(calls) {
				t.Errorf("%s: the trace lists %v, the server saw\n%s", role, calls, strings.Join(saw, "\n"))
			}
		}
		begin = time.Now()
	}
}

// private starts a server for this test alone.
func private(t *testing.T, product servers.Product) string {
	t.Helper()
	s, err := servers.Start(t.Context(), product)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.URL
}

// neo4jLog reads what Neo4j keeps about queries by itself, with their parameters.
type neo4jLog struct{ driver neo4j.DriverWithContext }

func newNeo4jLog(t *testing.T, at string) neo4jLog {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	driver, err := neo4j.NewDriverWithContext(u.Scheme+"://"+u.Host, neo4j.BasicAuth(u.User.Username(), password, ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = driver.Close(context.Background()) })
	return neo4jLog{driver}
}

// since lists the queries about a scope that began after an instant.
func (l neo4jLog) since(t *testing.T, begin time.Time) (texts []string) {
	t.Helper()
	result, err := neo4j.ExecuteQuery(t.Context(), l.driver, `
		CALL db.stats.retrieve('QUERIES') YIELD data UNWIND data.invocations AS i
		WITH data.query AS text, i WHERE i.startTimestampMillis >= $begin AND text CONTAINS '$p.scope' RETURN text`,
		map[string]any{"begin": begin.UnixMilli()}, neo4j.EagerResultTransformer)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range result.Records {
		texts = append(texts, fmt.Sprint(r.Values[0]))
	}
	return texts
}

// mysqlLog reads the general log of a server.
type mysqlLog struct{ db *sql.DB }

func newMySQLLog(t *testing.T, at string) mysqlLog {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User = "tcp", u.Host, u.User.Username()
	c.Passwd, _ = u.User.Password()
	c.DBName = "mysql"
	db, err := sql.Open("mysql", c.FormatDSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1) // which the log tells apart
	for _, statement := range []string{"SET GLOBAL log_output = 'TABLE'", "TRUNCATE general_log", "SET GLOBAL general_log = ON"} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return mysqlLog{db}
}

// take lists what others asked, and forgets it.
func (l mysqlLog) take(t *testing.T) (statements []string) {
	t.Helper()
	rows, err := l.db.QueryContext(t.Context(), "SELECT argument FROM general_log WHERE command_type IN ('Query', 'Execute') AND thread_id <> CONNECTION_ID()")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		statements = append(statements, s)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.db.ExecContext(t.Context(), "TRUNCATE general_log"); err != nil {
		t.Fatal(err)
	}
	return statements
}

// redisLog is a connection that listens to all others.
type redisLog struct {
	mu   sync.Mutex
	saw  []string
	conn net.Conn
}

func newRedisLog(t *testing.T, at string) *redisLog {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	lines := bufio.NewScanner(conn)
	if _, err := fmt.Fprint(conn, "MONITOR\r\n"); err != nil || !lines.Scan() || lines.Text() != "+OK" {
		t.Fatalf("MONITOR: %v %s", err, lines.Text())
	}
	l := &redisLog{conn: conn}
	go func() {
		for lines.Scan() {
			l.mu.Lock()
			l.saw = append(l.saw, lines.Text())
			l.mu.Unlock()
		}
	}()
	return l
}

// take lists the commands up to now, and forgets them.
func (l *redisLog) take(t *testing.T) []string {
	t.Helper()
	mark := "echo " + string(stores.NewID())
	other, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", l.conn.RemoteAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := fmt.Fprint(other, mark+"\r\n"); err != nil {
		t.Fatal(err)
	}
	_, id, _ := strings.Cut(mark, " ")
	for {
		l.mu.Lock()
		if i := slices.IndexFunc(l.saw, func(line string) bool { return strings.Contains(line, id) }); i >= 0 {
			saw := l.saw[:i]
			l.saw = l.saw[i+1:]
			l.mu.Unlock()
			return saw
		}
		l.mu.Unlock()
		if t.Context().Err() != nil {
			t.Fatal("MONITOR does not show what was sent")
		}
		time.Sleep(time.Millisecond)
	}
}
