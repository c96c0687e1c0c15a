package transport_test

import (
	"encoding/json"
	"strings"
	"testing"

	"thalamus/graph/transport"
)

// TestAudits runs the 61 server audits of npm's graphql-http. They need node and `npm ci` in audits/; where CI is set
// their absence is a failure.
func TestAudits(t *testing.T) {
	needNode(t)
	s := serve(t, transport.Options{Introspection: true})
	out := node(t, "run.mjs", s.URL)
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
	if len(audits) != 61 {
		t.Errorf("%d audits, want 61", len(audits))
	}
}
