package transfer_test

import (
	"strings"
	"testing"
)

// Servers derived from the MCP memory server write keys of their own.
func TestForeignKeysOfTheMCPServerAreKept(t *testing.T) {
	m := fresh(t)
	file := `{"type":"entity","name":"Ada","entityType":"person","observations":["likes tea"],"createdAt":"2026-01-02","tags":["x"]}
{"type":"entity","name":"Bo","entityType":"person","observations":[]}
{"type":"relation","from":"Ada","to":"Bo","relationType":"knows","since":2020}
`
	for range 2 {
		if got := m.load(strings.NewReader(file)); got.Bad != 0 {
			t.Fatalf("refused: %v", got.bad)
		}
	}
	if _, record := m.entity("Ada"); record.Metadata["createdAt"] != "2026-01-02" || record.Metadata["tags"] == nil || len(record.Metadata) != 2 {
		t.Errorf("metadata of the entity: %v", record.Metadata)
	}
	edges := m.edges()
	if len(edges) != 1 || edges[0].Metadata["since"] != 2020.0 || len(edges[0].Metadata) != 1 {
		t.Errorf("edges: %+v", edges)
	}
}
