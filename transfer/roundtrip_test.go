package transfer_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"thalamus/examples"
	"thalamus/stores"
	"thalamus/transfer"
)

func TestTheSampleMemoryIsTakenWhole(t *testing.T) {
	m := fresh(t)
	out := m.load(examples.Memory())
	want := map[stores.Kind]int{
		stores.KindProfile: 8, stores.KindEntity: 60, stores.KindEpisode: 200, stores.KindProcedure: 10, stores.KindTodo: 20,
		stores.KindRelationship: 150,
	}
	if diff := cmp.Diff(want, out.Written); diff != "" || out.Bad != 0 || out.Lines != 448 || total(out.Unchanged) != 0 {
		t.Errorf("%+v %v %s", out.Report, out.bad, diff)
	}

	// What was in the file is what comes out of the stores, line by line, whatever the order of lines and keys.
	if diff := cmp.Diff(parsed(t, examples.Memory()), parsed(t, strings.NewReader(m.export()))); diff != "" {
		t.Error(diff)
	}
	for kind, n := range map[stores.Kind]int{stores.KindEntity: 60, stores.KindEpisode: 200, stores.KindProcedure: 10, stores.KindTodo: 20} {
		points := 0
		for _, s := range scopes(t, m) {
			c, err := m.set.Vectors.Count(t.Context(), s, stores.Collections[kind], stores.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			points += c
		}
		if points != n {
			t.Errorf("%d points of kind %s, want %d", points, kind, n)
		}
	}
}

// parsed maps each line of a file by its kind and id.
func parsed(t *testing.T, r io.Reader) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		id, _ := line["id"].(string)
		out[line["kind"].(string)+" "+id] = line
	}
	return out
}

func scopes(t *testing.T, m *memory) []stores.Scope {
	t.Helper()
	all, err := m.set.Scopes.Scopes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestASecondImportChangesAndEmbedsNothing(t *testing.T) {
	for name, open := range map[string]func() io.Reader{"ours": examples.Memory, "MCP": examples.MCPMemory} {
		t.Run(name, func(t *testing.T) {
			m := fresh(t)
			first := m.load(open())
			before, embedded := m.export(), m.embedded.Load()
			second := m.load(open())
			if total(second.Written) != 0 || second.Bad != 0 {
				t.Errorf("the second import: %+v %v", second.Report, second.bad)
			}
			if diff := cmp.Diff(first.Written, second.Unchanged); diff != "" {
				t.Errorf("what was written is unchanged: %s", diff)
			}
			if m.export() != before {
				t.Error("the stores hold something else")
			}
			if m.embedded.Load() != embedded {
				t.Errorf("%d texts were embedded again", m.embedded.Load()-embedded)
			}
		})
	}
}

func TestAnExportComesBackAsItWas(t *testing.T) {
	a, b := fresh(t), fresh(t)
	a.load(examples.Memory())
	if out, err := a.try(examples.MCPMemory(), transfer.ImportOptions{Scope: stores.Scope{User: "noor"}}); err != nil || out.Bad > 0 {
		t.Fatal(out, err)
	}
	file := a.export()
	if out := b.load(strings.NewReader(file)); out.Bad != 0 || total(out.Unchanged) != 0 {
		t.Fatalf("%+v %v", out.Report, out.bad)
	}
	if again := b.export(); again != file {
		t.Error("the export of the import differs")
	}
	compareNouns(t, a, b)
	compareSearches(t, a, b)
}

// compareNouns reads both memories through their stores, without the exporter.
func compareNouns(t *testing.T, a, b *memory) {
	t.Helper()
	if diff := cmp.Diff(scopes(t, a), scopes(t, b)); diff != "" {
		t.Fatal(diff)
	}
	for _, s := range scopes(t, a) {
		if diff := cmp.Diff(everything(t, a, s), everything(t, b, s)); diff != "" {
			t.Errorf("%s: %s", s.Key(), diff)
		}
	}
}

func everything(t *testing.T, m *memory, s stores.Scope) map[string]any {
	t.Helper()
	q := stores.Query{Page: stores.Page{First: 10_000}}
	out := map[string]any{}
	keep := func(name string, items any, err error) {
		if err != nil {
			t.Fatal(err)
		}
		out[name] = items
	}
	profiles, err := m.set.Profiles.List(t.Context(), s, q)
	keep("profiles", profiles.Items, err)
	entities, err := m.set.Entities.List(t.Context(), s, q)
	keep("entities", entities.Items, err)
	records, err := m.set.EntityRecords.List(t.Context(), s, q)
	keep("records", records.Items, err)
	episodes, err := m.set.Episodes.List(t.Context(), s, q)
	keep("episodes", episodes.Items, err)
	procedures, err := m.set.Procedures.List(t.Context(), s, q)
	keep("procedures", procedures.Items, err)
	todos, err := m.set.Todos.List(t.Context(), s, q)
	keep("todos", todos.Items, err)
	edges, err := m.set.Relationships.List(t.Context(), s, q)
	keep("edges", edges.Items, err)
	return out
}

func compareSearches(t *testing.T, a, b *memory) {
	t.Helper()
	questions, err := examples.Questions()
	if err != nil {
		t.Fatal(err)
	}
	hits := 0
	for _, q := range questions[:5] {
		vectors, err := a.set.Embedder.Embed(t.Context(), []string{q.Text})
		if err != nil {
			t.Fatal(err)
		}
		var searches []stores.Search
		for _, kind := range stores.Kinds {
			if c := stores.Collections[kind]; c != "" {
				searches = append(searches,
					stores.Search{Collection: c, Vector: vectors[0], Limit: 20}, stores.Search{Collection: c, Text: q.Text, Limit: 20})
			}
		}
		for _, s := range scopes(t, a) {
			x, err := a.set.Vectors.Search(t.Context(), s, searches)
			if err != nil {
				t.Fatal(err)
			}
			y, err := b.set.Vectors.Search(t.Context(), s, searches)
			if err != nil {
				t.Fatal(err)
			}
			for i := range x {
				hits += len(x[i])
			}
			if diff := cmp.Diff(x, y); diff != "" {
				t.Errorf("%s, %q: %s", s.Key(), q.Text, diff)
			}
		}
	}
	if hits < 300 {
		t.Errorf("only %d hits were compared", hits)
	}
}

func TestAnExportOfOneScopeHoldsNoOther(t *testing.T) {
	m := fresh(t)
	m.load(examples.Memory())
	jonah := stores.NewScope("jonah", "", "")
	var b bytes.Buffer
	rep, err := transfer.Export(t.Context(), &b, transfer.ExportOptions{Set: m.set, Scope: &jonah})
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if lines[0] != `{"kind":"Header","format":"thalamus-memory","version":1}` {
		t.Errorf("it begins with %s", lines[0])
	}
	if len(lines) < 2 || len(lines)-1 != rep.Lines {
		t.Fatalf("%d lines, report %+v", len(lines), rep)
	}
	for _, l := range lines[1:] {
		if !strings.Contains(l, `"scope":{"user":"jonah","device":"default","agent":"default"}`) {
			t.Errorf("a line of another scope: %.200s", l)
		}
	}

	// Brought into a scope of its own choice, a file without scopes lands there and nowhere else.
	other := fresh(t)
	file := strings.ReplaceAll(b.String(), `"scope":{"user":"jonah","device":"default","agent":"default"},`, "")
	to := stores.NewScope("guest", "", "")
	if out, err := other.try(strings.NewReader(file), transfer.ImportOptions{Scope: stores.Scope{User: "guest"}}); err != nil || out.Bad != 0 {
		t.Fatal(out, err)
	}
	if diff := cmp.Diff([]stores.Scope{to}, scopes(t, other)); diff != "" {
		t.Error(diff)
	}
}

func TestAnExportPagesThroughManyNouns(t *testing.T) {
	m := fresh(t)
	var file strings.Builder
	for range 1234 {
		file.WriteString(`{"kind":"Todo","id":"` + string(stores.NewID()) + `","content":"x"}` + "\n")
	}
	m.lines(file.String())
	if got := strings.Count(m.export(), `"kind":"Todo"`); got != 1234 {
		t.Errorf("%d todos were exported", got)
	}
}

func TestAStoreThatCannotListScopesExportsOneAtATime(t *testing.T) {
	m := fresh(t)
	m.set.Scopes = nil
	if _, err := transfer.Export(t.Context(), io.Discard, transfer.ExportOptions{Set: m.set}); err == nil {
		t.Error("all scopes were exported")
	}
	if _, err := transfer.Export(t.Context(), io.Discard, transfer.ExportOptions{Set: m.set, Scope: &home}); err != nil {
		t.Error(err)
	}
}
