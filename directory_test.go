package main

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTwoProcessesOnOneDirectory(t *testing.T) {
	dir := t.TempDir()
	_, cmd, _ := process(t, home(t), "serve", "--data", dir, "--listen", "127.0.0.1:0")
	who := "another process"
	if _, err := os.Stat("/proc/locks"); err == nil {
		who = fmt.Sprintf("the process %d", cmd.Process.Pid)
	}
	for _, args := range [][]string{{"serve", "--listen", "127.0.0.1:0"}, {"demo", "--listen", "127.0.0.1:0"}, {"export"}} {
		_, _, err := command(t, home(t), "", append(args, "--data", dir)...)
		if err == nil {
			t.Fatalf("%s works beside a gateway", args[0])
		}
		wants(t, "the error of "+args[0], err.Error(), dir, who, "stop that one first")
	}
}

// age changes the schema version of a data directory.
func age(t *testing.T, dir, statement string) {
	t.Helper()
	// A gateway may be writing at the moment.
	db, err := sql.Open("sqlite", filepath.Join(dir, "thalamus.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was written
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

// filled is a data directory with one todo in it.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	if _, errOut, err := command(t, home(t), `{"kind":"Todo","content":"water the plants"}`, "import", "-", "--data", dir); err != nil {
		t.Fatal(err, errOut)
	}
	return dir
}

func TestNewerDirectoryIsRefused(t *testing.T) {
	dir := filled(t)
	age(t, dir, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	_, _, err := command(t, home(t), "", "serve", "--data", dir, "--listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(err.Error(), "999") || !strings.Contains(err.Error(), "newer Thalamus") {
		t.Errorf("error: %v", err)
	}
}

func TestDirectoryWithoutParent(t *testing.T) {
	_, _, err := command(t, home(t), "", "serve", "--data", filepath.Join(t.TempDir(), "not", "there"), "--listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(err.Error(), "parent directory does not exist") {
		t.Errorf("error: %v", err)
	}
}

func TestOtherEmbedder(t *testing.T) {
	dir := filled(t)
	age(t, dir, "UPDATE embedding_model SET name = 'another', dimension = 1024")
	_, _, err := command(t, home(t), "", "serve", "--data", dir, "--listen", "127.0.0.1:0")
	if err == nil || !strings.Contains(err.Error(), "thalamus reembed") {
		t.Fatalf("error: %v", err)
	}
	out, errOut, err := command(t, home(t), "", "reembed", "--data", dir)
	if err != nil {
		t.Fatal(err, errOut)
	}
	wants(t, "the summary", out, "Todo  1", "1 vector of dimension 1024 made by hashing-v1")
	s := serving(t, home(t), "serve", "--data", dir)
	a := query(t, s.URL, `{ recall(input: {text: "plants"}) { hits { node { ... on Todo { content } } legs { name } } } }`, nil)
	hits, _ := a.Data["recall"].(map[string]any)["hits"].([]any)
	if len(a.Errors) > 0 || len(hits) != 1 {
		t.Errorf("answer after reembed: %+v", a)
	}
}

// Reembedding the sample memory gives the very vectors that writing it gave.
func TestReembedIsFaithful(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, errOut, err := command(t, home(t), "", "import", sample(t), "--data", dir); err != nil {
		t.Fatal(err, errOut)
	}
	before := points(t, dir)
	if _, errOut, err := command(t, home(t), "", "reembed", "--data", dir); err != nil {
		t.Fatal(err, errOut)
	}
	after := points(t, dir)
	if len(before) != 290 || len(after) != len(before) {
		t.Fatalf("%d and %d points, want 290", len(before), len(after))
	}
	for key, text := range before {
		if after[key] != text {
			t.Errorf("%s differs", key)
		}
	}
}

// points reads everything that is stored of each point.
func points(t *testing.T, dir string) map[string]string {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "thalamus.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	rows, err := db.Query("SELECT scope || collection || id, hex(vector) || payload || text FROM points")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // see Err
	all := map[string]string{}
	for rows.Next() {
		var id, text string
		if err := rows.Scan(&id, &text); err != nil {
			t.Fatal(err)
		}
		all[id] = text
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
