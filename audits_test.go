package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// absent skips a test for lack of a tool; where CI is set that is a failure.
func absent(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// TestAudits runs the audits of npm's graphql-http against the whole program.
func TestAudits(t *testing.T) {
	dir := filepath.Join("graph", "transport", "audits")
	if _, err := exec.LookPath("node"); err != nil {
		absent(t, "node is not installed")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "graphql-http")); err != nil {
		absent(t, "run npm ci in "+dir+" first")
	}
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	audits := exec.CommandContext(t.Context(), "node", "run.mjs", s.URL+"/graphql")
	audits.Dir, audits.Stderr = dir, os.Stderr
	out, err := audits.Output()
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, line := range lines {
		var audit struct{ ID, Name, Status, Reason string }
		if err := json.Unmarshal([]byte(line), &audit); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if audit.Status != "ok" {
			t.Errorf("%s %s: %s, %s", audit.ID, audit.Name, audit.Status, audit.Reason)
		}
	}
	if len(lines) != 61 || err != nil {
		t.Errorf("%d audits, want 61; exit: %v", len(lines), err)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}
