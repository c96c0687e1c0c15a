package transfer_test

import (
	"fmt"
	"strings"
	"testing"

	"thalamus/examples"
	"thalamus/stores"
	"thalamus/transfer"
)

func TestTheMCPExampleBecomesEntitiesAndEdges(t *testing.T) {
	m := fresh(t)
	out := m.load(examples.MCPMemory())
	if out.Bad != 0 || out.Written[stores.KindEntity] != 15 || out.Written[stores.KindRelationship] != 20 {
		t.Fatalf("%+v %v", out.Report, out.bad)
	}
	e, rec := m.entity("webhook gateway")
	if e.Type != stores.EntityProject || e.Label != "project" || e.Summary != "Written in Go" ||
		rec.Content != "Written in Go\nBacks off exponentially with jitter" {
		t.Errorf("%+v %+v", e, rec)
	}
	if e, _ := m.entity("Biscay"); e.Type != stores.EntityOther || e.Label != "pet" {
		t.Errorf("%+v", e)
	}
	target, _ := m.entity("idempotency key")
	found := map[string]*stores.Relationship{}
	for _, r := range m.edges() {
		found[fmt.Sprint(r.Source.ID, r.Target.ID)] = r
	}
	if r := found[fmt.Sprint(e.ID, target.ID)]; r == nil || r.Type != "USES" || r.Label != "uses" || r.Weight != 0.5 {
		t.Errorf("%+v", r)
	}
	tested, _ := m.entity("fake bank")
	if r := found[fmt.Sprint(e.ID, tested.ID)]; r == nil || r.Type != stores.RelatesTo || r.Label != "is tested with" {
		t.Errorf("%+v", r)
	}

	// The same file makes the same ids elsewhere, and others in another scope.
	other := fresh(t)
	other.load(examples.MCPMemory())
	if twin, _ := other.entity("webhook gateway"); twin.ID != e.ID || twin.ID[14] != '5' {
		t.Errorf("%s and %s", twin.ID, e.ID)
	}
	if _, err := other.try(examples.MCPMemory(), transfer.ImportOptions{Scope: stores.Scope{User: "x"}}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(other.export(), string(e.ID)); n != strings.Count(m.export(), string(e.ID)) {
		t.Error("two scopes share an id")
	}
}

func TestEntityTypesHaveSynonyms(t *testing.T) {
	m := fresh(t)
	for word, want := range map[string]stores.EntityType{
		"Person": "PERSON", "PEOPLE": "PERSON", "human": "PERSON", "org": "ORGANIZATION", "Company": "ORGANIZATION",
		"organization": "ORGANIZATION", "team": "TEAM", "project": "PROJECT", "Tool": "TOOL", "technology": "TOOL",
		"Software": "TOOL", "concept": "CONCEPT", "idea": "CONCEPT", "technique": "TECHNIQUE", "method": "TECHNIQUE",
		"fact": "FACT", "other": "OTHER", "": "OTHER", "spaceship": "OTHER",
	} {
		m.lines(fmt.Sprintf(`{"type":"entity","name":"n %s","entityType":%q,"observations":[]}`, word, word))
		if e, _ := m.entity("n " + word); e.Type != want || e.Label != word || e.Summary != e.Name {
			t.Errorf("%q became %+v", word, e)
		}
	}
}

func TestRelationTypesAreRecognised(t *testing.T) {
	for word, want := range map[string]struct{ kind, label string }{
		"USES": {"USES", ""}, "uses": {"USES", "uses"}, "PART_OF": {"PART_OF", ""}, "part of": {"PART_OF", "part of"},
		"part-of": {"PART_OF", "part-of"}, "partOf": {"PART_OF", "partOf"}, "Depends On": {"DEPENDS_ON", "Depends On"},
		"works_at": {"RELATES_TO", "works_at"}, "": {"RELATES_TO", ""}, "RELATES_TO": {"RELATES_TO", ""},
	} {
		m := fresh(t)
		m.lines(fmt.Sprintf(`{"type":"relation","from":"a","to":"b","relationType":%q}`, word),
			`{"type":"entity","name":"a","entityType":"x","observations":["o"]}`, `{"type":"entity","name":"b","entityType":"x","observations":["o"]}`)
		if r := m.edges(); len(r) != 1 || string(r[0].Type) != want.kind || r[0].Label != want.label {
			t.Errorf("%q became %+v", word, r)
		}
	}
}

func TestAnMCPEntityChangesTheOneOfItsName(t *testing.T) {
	m := fresh(t)
	const id = "01a00000-0000-7000-8000-00000000000a"
	m.lines(`{"kind":"Entity","id":"`+id+`","name":"gateway","type":"TOOL","summary":"old","details":"kept","aliases":["gw"],"content":"old","stability":9,"version":3}`,
		`{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000b","name":"go"}`,
		`{"kind":"Relationship","id":"01a00000-0000-7000-8000-00000000000c","type":"USES","source":{"kind":"Entity","id":"`+id+`"},"target":{"kind":"Entity","id":"01a00000-0000-7000-8000-00000000000b"},"weight":0.9,"version":7}`)
	long := strings.Repeat("é", 600)
	out := m.lines(`{"type":"entity","name":"gateway","entityType":"project","observations":["`+long+`","two"]}`,
		`{"type":"relation","from":"gateway","to":"go","relationType":"USES"}`)
	e, rec := m.entity("gateway")
	if e.ID != id || e.Version != 4 || e.Type != stores.EntityProject || e.Details != "kept" || e.Stability != 9 ||
		len([]rune(e.Summary)) != 500 || !strings.HasSuffix(e.Summary, "é…") || rec.Content != long+"\ntwo" || rec.Aliases[0] != "gw" {
		t.Errorf("%+v %+v", e, rec)
	}
	if r := m.edges(); len(r) != 1 || r[0].Weight != 0.9 || r[0].Version != 7 || out.Unchanged[stores.KindRelationship] != 1 {
		t.Errorf("the edge was there already: %+v %+v", r, out.Report)
	}
	m.lines(`{"type":"entity","name":"gateway","entityType":"","observations":[]}`)
	if again, rec := m.entity("gateway"); again.Version != 4 || again.Label != "project" || rec.Content == "" {
		t.Errorf("a line that says nothing changed %+v", again)
	}
}

func TestAFileMayMixFormats(t *testing.T) {
	m := fresh(t)
	m.lines(`{"type":"relation","from":"ours","to":"theirs","relationType":"knows"}`,
		`{"kind":"Header","format":"thalamus-memory","version":1}`, `{"kind":"Entity","name":"ours"}`,
		`{"type":"entity","name":"theirs","entityType":"person","observations":["x"]}`)
	if r := m.edges(); len(r) != 1 || r[0].Label != "knows" {
		t.Errorf("%+v", r)
	}
}

func TestARelationMeansTheCurrentEntity(t *testing.T) {
	m := fresh(t)
	const old, next = "01a00000-0000-7000-8000-00000000000a", "01a00000-0000-7000-8000-00000000000b"
	m.lines(`{"kind":"Entity","id":"`+old+`","name":"n","supersededBy":"`+next+`"}`, `{"kind":"Entity","id":"`+next+`","name":"n"}`,
		`{"type":"entity","name":"m"}`, `{"type":"relation","from":"n","to":"m","relationType":"x"}`)
	if r := m.edges(); len(r) != 1 || r[0].Source.ID != next {
		t.Errorf("%+v", r)
	}
}
