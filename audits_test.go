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

// audits runs a script of graph/transport/audits, which uses packages from npm, and gives what it prints.
func audits(t *testing.T, args ...string) []byte {
	t.Helper()
	dir := filepath.Join("graph", "transport", "audits")
	if _, err := exec.LookPath("node"); err != nil {
		absent(t, "node is not installed")
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "graphql-http")); err != nil {
		absent(t, "run npm ci in "+dir+" first")
	}
	script := exec.CommandContext(t.Context(), "node", args...)
	script.Dir, script.Stderr = dir, os.Stderr
	out, err := script.Output()
	if err != nil {
		t.Errorf("%s: %v", args[0], err)
	}
	return out
}

// TestAudits runs the audits of npm's graphql-http against the whole program.
func TestAudits(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	lines := strings.Split(strings.TrimSpace(string(audits(t, "run.mjs", s.URL+"/graphql"))), "\n")
	for _, line := range lines {
		var audit struct{ ID, Name, Status, Reason string }
		if err := json.Unmarshal([]byte(line), &audit); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if audit.Status != "ok" {
			t.Errorf("%s %s: %s, %s", audit.ID, audit.Name, audit.Status, audit.Reason)
		}
	}
	if len(lines) != 61 {
		t.Errorf("%d audits, want 61", len(lines))
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}
