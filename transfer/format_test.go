package transfer_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
	"thalamus/transfer"
)

// documented are the example lines of docs/formats.md.
func documented(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		out = append(out, strings.Split(strings.TrimSpace(block[1]), "\n")...)
	}
	return out
}

func TestTheDocumentedLinesAreTakenAndComeBackWordForWord(t *testing.T) {
	m := fresh(t)
	var lines []string
	for _, l := range documented(t) {
		// All of them in one scope; the header and the MCP lines have none.
		lines = append(lines, strings.Replace(l, `"scope":{"user":"ines","device":"default","agent":"default"},`, "", 1))
	}
	m.lines(append(lines, `{"type":"entity","name":"idempotency key"}`)...)
	got := m.export()
	for _, l := range lines {
		if strings.HasPrefix(l, `{"kind"`) && !strings.Contains(got, l+"\n") {
			t.Errorf("not in the export: %s", l)
		}
	}
}

func TestTheDocumentationKnowsEveryFieldAndValue(t *testing.T) {
	text, err := os.ReadFile("../docs/formats.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]map[string]any{}
	for _, l := range documented(t) {
		var line map[string]any
		if err := json.Unmarshal([]byte(l), &line); err != nil {
			t.Fatal(err)
		}
		if kind, ok := line["kind"].(string); ok {
			examples[kind] = line
		}
	}
	unsaid := map[string]bool{"id": true, "scope": true, "kind": true, "supersedes": true, "supersededBy": true, "validTo": true}
	for kind, spec := range map[string]stores.Spec{
		"Profile": stores.ProfileSpec, "Entity": stores.EntitySpec, "Episode": stores.EpisodeSpec,
		"Procedure": stores.ProcedureSpec, "Todo": stores.TodoSpec, "Relationship": stores.RelationshipSpec,
	} {
		for f := range spec.Fields {
			name := strings.TrimSuffix(string(f), "Kind")
			if strings.Contains(name, ".") {
				continue
			}
			if !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("%s.%s is not described", kind, name)
			}
			if _, ok := examples[kind][name]; !ok && !unsaid[name] {
				t.Errorf("the example of %s does not show %s", kind, name)
			}
		}
	}
	var values []string
	for _, v := range stores.EntityTypes {
		values = append(values, string(v))
	}
	for _, v := range stores.RelationTypes {
		values = append(values, string(v))
	}
	for _, v := range stores.Outcomes {
		values = append(values, string(v))
	}
	for _, v := range stores.Domains {
		values = append(values, string(v))
	}
	for _, v := range stores.ProcedureOrigins {
		values = append(values, string(v))
	}
	for _, v := range stores.TodoStatuses {
		values = append(values, string(v))
	}
	for _, v := range values {
		if !strings.Contains(string(text), "`"+v+"`") {
			t.Errorf("the value %s is not described", v)
		}
	}
}

func TestShortLinesGetTheDocumentedDefaults(t *testing.T) {
	m := fresh(t)
	before := time.Now().Add(-time.Second)
	short := []string{
		`{"kind":"Profile","content":"p"}`,
		`{"kind":"Entity","name":"e"}`,
		`{"kind":"Entity","name":"f"}`,
		`{"kind":"Episode","sessionId":"s","content":"one"}`,
		`{"kind":"Episode","sessionId":"s","content":"two"}`,
		`{"kind":"Procedure","name":"p","domain":"CODING"}`,
		`{"kind":"Todo","content":"t"}`,
	}
	m.lines(short...)
	e, rec := m.entity("e")
	if e.Type != stores.EntityOther || e.Summary != "e" || e.Lineage != e.ID || e.Stability != 1 || e.AccessCount != 1 || e.Version != 1 || !rec.Current {
		t.Errorf("%+v %+v", e, rec)
	}
	if e.CreatedAt.Before(before) || e.CreatedAt != e.UpdatedAt || rec.CreatedAt != e.CreatedAt {
		t.Errorf("times: %+v %+v", e, rec)
	}
	f, _ := m.entity("f")
	edge := `{"kind":"Relationship","source":{"kind":"Entity","id":"` + string(e.ID) + `"},"target":{"kind":"Entity","id":"` + string(f.ID) + `"}}`
	m.lines(edge)
	if r := m.edges(); len(r) != 1 || r[0].Type != stores.RelatesTo || r[0].Weight != stores.InitialWeight || r[0].CoAccessCount != 1 {
		t.Errorf("%+v", r)
	}
	page, err := m.set.Episodes.List(t.Context(), home, stores.Query{
		Page: stores.Page{First: 9}, Order: []stores.Order{{Field: "sequencePosition"}},
	})
	if err != nil || len(page.Items) != 2 || page.Items[0].Content != "one" || *page.Items[1].Position != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	if x := page.Items[0]; x.EmotionalValence != 0.5 || x.Outcome != stores.OutcomeNeutral || x.Stability != 1 {
		t.Errorf("%+v", x)
	}
	procedures, err := m.set.Procedures.List(t.Context(), home, stores.Query{Page: stores.Page{First: 9}})
	if err != nil || len(procedures.Items) != 1 || procedures.Items[0].SuccessRate != 1 || procedures.Items[0].CreatedFrom != stores.OriginManual {
		t.Fatalf("%+v %v", procedures, err)
	}

	was := m.export()
	if out := m.lines(append(short, edge)...); total(out.Written) != 0 || m.export() != was {
		t.Errorf("lines without ids and times were written again: %+v", out.Report)
	}
}

func TestALineWithoutVersionMakesTheNextOne(t *testing.T) {
	m := fresh(t)
	const id = "01a0b000-0000-7000-8000-000000000001"
	m.lines(`{"kind":"Todo","id":"` + id + `","content":"a","version":4,"updatedAt":"2026-01-01T00:00:00Z","createdAt":"2026-01-01T00:00:00Z"}`)
	m.lines(`{"kind":"Todo","id":"` + id + `","content":"b"}`)
	read := func() *stores.Todo {
		found, err := m.set.Todos.ByID(t.Context(), home, []stores.ID{id}, nil)
		if err != nil || found[id] == nil {
			t.Fatal(err)
		}
		return found[id]
	}
	if d := read(); d.Version != 5 || d.Content != "b" || d.CreatedAt.Year() != 2026 || d.CreatedAt.Month() != 1 || d.UpdatedAt.Equal(d.CreatedAt) {
		t.Errorf("%+v", d)
	}
	m.lines(`{"kind":"Todo","id":"` + strings.ToUpper(id) + `","content":"c","version":2}`)
	if d := read(); d.Version != 2 || d.Content != "c" {
		t.Errorf("the file wins: %+v", d)
	}
}

func TestTimesAreKeptInUTCToTheMicrosecond(t *testing.T) {
	m := fresh(t)
	line := `{"kind":"Todo","id":"01a0b000-0000-7000-8000-000000000001","content":"a","startTime":"2026-01-01T02:00:00.1234567+02:00","endTime":"2026-01-02T02:00:00.1234567+02:00"}`
	m.lines(line)
	if got := m.export(); !strings.Contains(got, `"startTime":"2026-01-01T00:00:00.123456Z","endTime":"2026-01-02T00:00:00.123456Z"`) {
		t.Error(got)
	}
	if out := m.lines(line); out.Unchanged[stores.KindTodo] != 1 {
		t.Errorf("%+v", out.Report)
	}
}

func TestMarkupIsExportedAsItIsWritten(t *testing.T) {
	m := fresh(t)
	m.lines(`{"kind":"Todo","content":"a <b> & \u003cc> ünï 🦀"}`)
	if got := m.export(); !strings.Contains(got, `"content":"a <b> & <c> ünï 🦀"`) {
		t.Error(got)
	}
}

func TestTheOrderOfLinesDoesNotMatter(t *testing.T) {
	all := []string{ // written by hand, worst order first
		`{"kind":"Relationship","type":"USES","source":{"kind":"Episode","id":"01a00000-0000-7000-8000-00000000000a"},"target":{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000b"},"createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","validFrom":"2026-01-01T00:00:00Z","lastCoAccessAt":"2026-01-01T00:00:00Z"}`,
		`{"kind":"Todo","id":"01a00000-0000-7000-8000-00000000000c","content":"t","sourceEpisode":"01a00000-0000-7000-8000-00000000000a","startTime":"2026-01-01T00:00:00Z","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z"}`,
		`{"kind":"Episode","id":"01a00000-0000-7000-8000-00000000000a","sessionId":"s","content":"e","mentions":["01a00000-0000-7000-8000-00000000000b"],"timestamp":"2026-01-01T00:00:00Z","ingestedAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","lastAccessedAt":"2026-01-01T00:00:00Z"}`,
		`{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000b","name":"new","lineage":"01a00000-0000-7000-8000-00000000000d","supersedes":"01a00000-0000-7000-8000-00000000000d","validFrom":"2026-01-01T00:00:00Z","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","lastAccessedAt":"2026-01-01T00:00:00Z"}`,
		`{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000d","name":"new","supersededBy":"01a00000-0000-7000-8000-00000000000b","validTo":"2026-01-01T00:00:00Z","validFrom":"2025-01-01T00:00:00Z","createdAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","lastAccessedAt":"2026-01-01T00:00:00Z"}`,
	}
	want := ""
	for _, size := range []int{1, 2, 500} {
		m := fresh(t)
		out, err := m.try(strings.NewReader(strings.Join(all, "\r\n")+"\n\n"), transfer.ImportOptions{BatchSize: size})
		if err != nil || out.Bad != 0 || total(out.Written) != len(all) {
			t.Fatalf("in batches of %d: %+v %v %v", size, out.Report, out.bad, err)
		}
		if want == "" {
			want = m.export()
		}
		if diff := cmp.Diff(want, m.export()); diff != "" {
			t.Errorf("in batches of %d: %s", size, diff)
		}
	}
}

func TestANameChangesHandsWhateverTheBatches(t *testing.T) {
	const old, next = "01a00000-0000-7000-8000-00000000000a", "01a00000-0000-7000-8000-00000000000b"
	for _, size := range []int{1, 2} {
		m := fresh(t)
		m.lines(`{"kind":"Entity","id":"` + old + `","name":"n"}`)
		file := `{"kind":"Entity","id":"` + next + `","name":"n","supersedes":"` + old + `"}
{"kind":"Entity","id":"` + old + `","name":"n","supersededBy":"` + next + `"}`
		out, err := m.try(strings.NewReader(file), transfer.ImportOptions{BatchSize: size})
		if err != nil || out.Bad != 0 {
			t.Fatalf("in batches of %d: %v %v", size, out.bad, err)
		}
		if e, _ := m.entity("n"); e.ID != next {
			t.Errorf("in batches of %d the name belongs to %s", size, e.ID)
		}
	}
}

// Keys that a format leaves free are kept as they are, and so are characters that were escaped in halves.
func TestWhatKeysAndEscapesMayBe(t *testing.T) {
	m := fresh(t)
	m.lines(
		`{"kind":"Profile","content":"x","metadata":{"Urgency":1,"urgency":2,"content":{"kind":"a","Kind":"b"}}}`,
		`{"type":"entity","name":"ann","Name":"Ann","Kind":"person","observations":["\ud83d\ude00 \\ud800"]}`,
		"{ \"kind\" :\t\"Todo\" , \"content\" : \"spaced\" , \"entities\" : [ ] , \"urgency\" : 1 }",
	)
	got := m.export()
	for _, want := range []string{
		`"metadata":{"Urgency":1,"content":{"Kind":"b","kind":"a"},"urgency":2}`,
		`"metadata":{"Kind":"person","Name":"Ann"}`, "😀 \\\\ud800", `"content":"spaced","status":"PENDING","urgency":1`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}
