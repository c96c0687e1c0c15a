package sqlite

import (
	"strings"
	"testing"
)

// TestMergePayloadsLooksUpEachPoint: the time to change payloads grows with their number, not with its square.
func TestMergePayloadsLooksUpEachPoint(t *testing.T) {
	db, err := Open(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	steps, err := db.readers.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+mergePayloads, "{}", "", "")
	if err != nil {
		t.Fatal(err)
	}
	defer steps.Close()
	lookups := 0
	for steps.Next() {
		var id, parent, unused int
		var step string
		if err := steps.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(step, "points") {
			continue
		}
		if !strings.Contains(step, "id=?") {
			t.Errorf("%s goes through many points", step)
		}
		lookups++
	}
	if lookups == 0 || steps.Err() != nil {
		t.Errorf("no plan: %v", steps.Err())
	}
}
