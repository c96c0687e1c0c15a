package limits_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"thalamus/graph/limits"
)

// written writes a file into a directory of its own, and gives its name.
func written(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAllowed(t *testing.T) {
	schema := gqlparser.MustLoadSchema(&ast.Source{Input: sdl})
	for name, at := range map[string]string{
		"a directory":       filepath.Dir(written(t, "leaf.graphql", "{leaf}\n")),
		"Apollo's manifest": written(t, "m.json", `{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"x","name":"L","type":"query","body":"{leaf}"}]}`),
		"Relay's file":      written(t, "m.json", `{"0cc175b9c0f1b6a831c399e269772661":"{leaf}"}`),
	} {
		texts, err := limits.Allowed(at, schema, limits.Default)
		if err != nil || !slices.Contains(texts, "{leaf}") {
			t.Errorf("%s: %q, %v", name, texts, err)
		}
	}
	for want, at := range map[string]string{
		"holds none":             t.TempDir(),
		"no such file":           filepath.Join(t.TempDir(), "nothing"),
		"must be a directory":    written(t, "m.json", "[]"),
		"does not fit the schem": written(t, "m.json", `{"a":"{nothing}"}`),
		"spreads itself":         written(t, "m.json", `{"a":"{...F} fragment F on Query{...F}"}`),
	} {
		if _, err := limits.Allowed(at, schema, limits.Default); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v instead of %q", err, want)
		}
	}
}
