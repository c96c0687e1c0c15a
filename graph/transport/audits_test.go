package transport_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"thalamus/graph/transport"
)

// TestAudits runs the 61 server audits of npm's graphql-http. They need node and `npm ci` in audits/; where CI is set
// their absence is a failure.
func TestAudits(t *testing.T) {
	absent := t.Skipf
	if os.Getenv("CI") != "" {
		absent = t.Fatalf
	}
	if _, err := exec.LookPath("node"); err != nil {
		absent("node is not installed")
	}
	if _, err := os.Stat("audits/node_modules/graphql-http"); err != nil {
		absent("run npm ci in graph/transport/audits first")
	}
	s := serve(t, transport.Options{Introspection: true})
	command := exec.CommandContext(t.Context(), "node", "run.mjs", s.URL)
	command.Dir = "audits"
	command.Stderr = os.Stderr
	out, err := command.Output()
	audits := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, line := range audits {
		var audit struct{ ID, Name, Status, Reason string }
		if err := json.Unmarshal([]byte(line), &audit); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if audit.Status != "ok" {
			t.Errorf("%s %s: %s, %s", audit.ID, audit.Name, audit.Status, audit.Reason)
		}
	}
	if len(audits) != 61 || err != nil {
		t.Errorf("%d audits, want 61; exit: %v", len(audits), err)
	}
}
