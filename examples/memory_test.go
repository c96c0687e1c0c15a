package examples_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"thalamus/examples"
	"thalamus/stores"
)

// memory is the sample memory, decoded.
type memory struct {
	profiles      []*stores.Profile
	entities      []*stores.Entity
	records       map[stores.ID]*stores.EntityRecord
	episodes      []*stores.Episode
	procedures    []*stores.Procedure
	todos         []*stores.Todo
	relationships []*stores.Relationship
	nodes         map[stores.ID]stores.Node // all of them
	kinds         []stores.Kind             // of the lines, in their order
}

func lines(t *testing.T, r io.Reader) []string {
	t.Helper()
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(all) {
		t.Fatal("not UTF-8")
	}
	return strings.Split(strings.TrimSuffix(string(all), "\n"), "\n")
}

func load(t *testing.T) *memory {
	t.Helper()
	all := lines(t, examples.Memory())
	if all[0] != `{"kind":"Header","format":"thalamus-memory","version":1}` {
		t.Fatalf("the first line is %s", all[0])
	}
	m := &memory{nodes: map[stores.ID]stores.Node{}, records: map[stores.ID]*stores.EntityRecord{}}
	for i, line := range all[1:] {
		if err := m.add(line); err != nil {
			t.Fatalf("line %d: %v", i+2, err)
		}
	}
	return m
}

// add decodes a line as an importer would: nothing unknown, nothing invalid, every id once.
func (m *memory) add(line string) error {
	var head struct {
		Kind stores.Kind `json:"kind"`
	}
	if err := json.Unmarshal([]byte(line), &head); err != nil {
		return err
	}
	var node stores.Node
	switch head.Kind {
	case stores.KindProfile:
		node = decode(&m.profiles)
	case stores.KindEntity:
		node = decode(&m.entities)
	case stores.KindEpisode:
		node = decode(&m.episodes)
	case stores.KindProcedure:
		node = decode(&m.procedures)
	case stores.KindTodo:
		node = decode(&m.todos)
	case stores.KindRelationship:
		node = decode(&m.relationships)
	default:
		return fmt.Errorf("kind %q", head.Kind)
	}
	record := &stores.EntityRecord{}
	if err := fill(line, head.Kind, node, record); err != nil {
		return err
	}
	if e, ok := node.(*stores.Entity); ok {
		record.ID, record.Scope, record.Name, record.Current = e.ID, e.Scope, e.Name, e.SupersededBy == ""
		m.records[e.ID] = record
		if err := record.Validate(); err != nil {
			return err
		}
	}
	if err := node.Validate(); err != nil {
		return err
	}
	id := node.Ref().ID
	if parsed, err := stores.ParseID(string(id)); err != nil || parsed != id || id[14] != '7' {
		return fmt.Errorf("%q is not a UUIDv7", id)
	}
	if m.nodes[id] != nil {
		return fmt.Errorf("id %s occurs twice", id)
	}
	m.nodes[id] = node
	m.kinds = append(m.kinds, head.Kind)
	return nil
}

func decode[T any](list *[]*T) *T {
	v := new(T)
	*list = append(*list, v)
	return v
}

// fill decodes a line into the noun and, for entities, into its record; the scope is the default one unless given.
func fill(line string, kind stores.Kind, node stores.Node, record *stores.EntityRecord) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &all); err != nil {
		return err
	}
	delete(all, "kind")
	if _, given := all["scope"]; !given {
		all["scope"], _ = json.Marshal(stores.NewScope("", "", ""))
	}
	if kind == stores.KindEntity {
		part := map[string]json.RawMessage{}
		for _, key := range []string{"content", "keywords", "aliases", "metadata"} {
			if v, ok := all[key]; ok {
				part[key] = v
				delete(all, key)
			}
		}
		if err := strict(part, record); err != nil {
			return err
		}
	}
	return strict(all, node)
}

func strict(fields map[string]json.RawMessage, into any) error {
	b, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

func TestMemoryHoldsWhatIsPromised(t *testing.T) {
	m := load(t)
	for _, c := range []struct {
		what      string
		got, want int
	}{
		{"profiles", len(m.profiles), 8}, {"entities", len(m.entities), 60}, {"episodes", len(m.episodes), 200},
		{"procedures", len(m.procedures), 10}, {"todos", len(m.todos), 20}, {"relationships", len(m.relationships), 150},
	} {
		if c.got != c.want {
			t.Errorf("%d %s, want %d", c.got, c.what, c.want)
		}
	}
	at := 0
	for _, k := range m.kinds {
		now := slices.Index(stores.Kinds, k)
		if now < at {
			t.Fatalf("a %s stands after a %s, so it cannot be written in this order", k, stores.Kinds[at])
		}
		at = now
	}
	visible := map[stores.Kind]int{}
	for _, n := range m.nodes {
		if n.Owner() == stores.NewScope("", "", "") {
			visible[n.Ref().Kind]++
		}
	}
	if visible[stores.KindEpisode] != 167 || visible[stores.KindEntity] != 52 || visible[stores.KindRelationship] != 142 {
		t.Errorf("in the default scope there are %v", visible)
	}
}

func TestMemoryUsesEveryValueOfEveryEnum(t *testing.T) {
	m := load(t)
	used := map[string]bool{}
	for _, e := range m.entities {
		used[string(e.Type)] = true
	}
	for _, e := range m.episodes {
		used[string(e.Outcome)] = true
	}
	for _, p := range m.procedures {
		used[string(p.Domain)], used[string(p.CreatedFrom)] = true, true
	}
	for _, r := range m.relationships {
		used[string(r.Type)] = true
		used["source "+string(r.Source.Kind)], used["target "+string(r.Target.Kind)] = true, true
	}
	for _, d := range m.todos {
		used[string(d.Status)], used[fmt.Sprint("urgency ", d.Urgency)] = true, true
	}
	var want []string
	for u := stores.UrgencyLow; u <= stores.UrgencyUrgent; u++ {
		want = append(want, fmt.Sprint("urgency ", u))
	}
	for _, k := range stores.EndpointKinds {
		want = append(want, "source "+string(k), "target "+string(k))
	}
	want = texts(texts(texts(want, stores.EntityTypes), stores.Outcomes), stores.RelationTypes)
	want = texts(texts(texts(want, stores.Domains), stores.ProcedureOrigins), stores.TodoStatuses)
	for _, w := range want {
		if !used[w] {
			t.Errorf("%s is not used", w)
		}
	}
}

func texts[E ~string](all []string, list []E) []string {
	for _, e := range list {
		all = append(all, string(e))
	}
	return all
}

func TestMemoryPointsOnlyAtWhatItHolds(t *testing.T) {
	m := load(t)
	refer := func(from stores.Node, kind stores.Kind, id stores.ID) {
		t.Helper()
		to := m.nodes[id]
		switch {
		case to == nil:
			t.Errorf("%v points at %s, which is not there", from.Ref(), id)
		case to.Ref().Kind != kind:
			t.Errorf("%v points at %v, want %s", from.Ref(), to.Ref(), kind)
		case to.Owner() != from.Owner():
			t.Errorf("%v points at %v of another scope", from.Ref(), to.Ref())
		}
	}
	for _, e := range m.episodes {
		for _, id := range e.Mentions {
			refer(e, stores.KindEntity, id)
		}
	}
	for _, p := range m.procedures {
		if p.ConsolidatedInto != "" {
			refer(p, stores.KindProcedure, p.ConsolidatedInto)
		}
	}
	for _, d := range m.todos {
		refer(d, stores.KindEpisode, d.SourceEpisode)
		for _, id := range d.Entities {
			refer(d, stores.KindEntity, id)
		}
		if (d.Status == stores.TodoCompleted) != (d.CompletedAt != nil) {
			t.Errorf("todo %s is %s, completedAt is %v", d.ID, d.Status, d.CompletedAt)
		}
	}
	edges := map[string]bool{}
	for _, r := range m.relationships {
		refer(r, r.Source.Kind, r.Source.ID)
		refer(r, r.Target.Kind, r.Target.ID)
		key := fmt.Sprint(r.Type, r.Label, r.Source.ID, r.Target.ID)
		if edges[key] {
			t.Errorf("two edges %s %q from %v to %v", r.Type, r.Label, r.Source, r.Target)
		}
		edges[key] = true
	}
	for _, e := range m.entities {
		refer(e, stores.KindEntity, e.Lineage)
	}
}

func TestNamesAreUniqueAmongCurrentEntitiesAndProfilesSpeakOfThem(t *testing.T) {
	m := load(t)
	current := map[string]bool{}
	for _, r := range m.records {
		key := r.Scope.Key() + " " + r.Name
		if r.Current && current[key] {
			t.Errorf("two current entities %s", key)
		}
		current[key] = current[key] || r.Current
	}
	owners := map[stores.Scope]bool{}
	for _, p := range m.profiles {
		if owners[p.Scope] {
			t.Errorf("two profiles of %v", p.Scope)
		}
		owners[p.Scope] = true
		for _, name := range p.Entities {
			if !current[p.Scope.Key()+" "+name] {
				t.Errorf("the profile of %v speaks of %q, which it does not have", p.Scope, name)
			}
		}
	}
	for _, e := range m.episodes {
		if !owners[e.Scope] {
			t.Errorf("episode %s belongs to %v, which has no profile", e.ID, e.Scope)
		}
	}
}

func TestSupersededEntitiesEndWhereTheNextBegins(t *testing.T) {
	m := load(t)
	superseded, longest := 0, 0
	for _, e := range m.entities {
		if e.SupersededBy == "" {
			continue
		}
		superseded++
		next, ok := m.nodes[e.SupersededBy].(*stores.Entity)
		if !ok || next.Supersedes != e.ID || next.Lineage != e.Lineage || next.Name != e.Name {
			t.Fatalf("%s is not superseded by its next version", e.Name)
		}
		if e.ValidTo == nil || !e.ValidTo.Equal(next.ValidFrom) {
			t.Errorf("%s: one version ends at %v, the next begins at %v", e.Name, e.ValidTo, next.ValidFrom)
		}
		if !slices.ContainsFunc(m.relationships, func(r *stores.Relationship) bool {
			return r.Type == "SUPERSEDES" && r.Source.ID == next.ID && r.Target.ID == e.ID
		}) {
			t.Errorf("%s: no SUPERSEDES edge to the old version", e.Name)
		}
		versions := 1
		for v := next; v != nil; v, _ = m.nodes[v.SupersededBy].(*stores.Entity) {
			versions++
		}
		longest = max(longest, versions)
	}
	if superseded != 9 || longest != 3 {
		t.Errorf("%d superseded entities and at most %d versions, want 9 and 3", superseded, longest)
	}
}

func TestSessionsReadInOrder(t *testing.T) {
	m := load(t)
	type session struct {
		scope stores.Scope
		id    string
	}
	last := map[session]*stores.Episode{}
	size := map[string]int{}
	for _, e := range m.episodes {
		s := session{e.Scope, e.SessionID}
		before := last[s]
		switch {
		case e.Position == nil:
			t.Fatalf("episode %s has no position", e.ID)
		case before == nil && *e.Position != 0, before != nil && *e.Position != *before.Position+1:
			t.Errorf("%v: position %d out of order", s, *e.Position)
		case before != nil && !e.Timestamp.After(before.Timestamp):
			t.Errorf("%v: episode %d is not later than the one before", s, *e.Position)
		}
		if n := utf8.RuneCountInString(e.Content); n < 120 || n > 400 {
			t.Errorf("an episode of %d characters: %s", n, e.Content)
		}
		if e.IngestedAt.Before(e.Timestamp) || e.LastAccessedAt.Before(e.IngestedAt) || e.UpdatedAt.Before(e.IngestedAt) {
			t.Errorf("episode %s was stored before it happened, or touched before it was stored", e.ID)
		}
		last[s] = e
		size[e.SessionID]++
	}
	if len(size) != 20 {
		t.Errorf("%d sessions, want 20", len(size))
	}
	for id, n := range size {
		if n < 6 || n > 14 {
			t.Errorf("session %s has %d episodes, want 6 to 14", id, n)
		}
	}
}

func TestMemoryTellsNothingOfAnyMachine(t *testing.T) {
	private := regexp.MustCompile(`(?i)https?://|localhost|\b\d{1,3}(\.\d{1,3}){3}\b|"(/|~|[a-z]:\\)|\\\\|@[a-z0-9-]+\.[a-z]`)
	for _, r := range []io.Reader{examples.Memory(), examples.MCPMemory()} {
		for in := bufio.NewScanner(r); in.Scan(); {
			if hit := private.FindString(in.Text()); hit != "" {
				t.Errorf("%q in %s", hit, in.Text())
			}
		}
	}
}

func TestMemoryStaysInItsTime(t *testing.T) {
	m := load(t)
	from, to := time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	for _, e := range m.episodes {
		if e.Timestamp.Before(from) || e.LastAccessedAt.After(to) {
			t.Errorf("episode %s lies outside the ten weeks", e.ID)
		}
	}
	for _, r := range m.relationships {
		if r.CreatedAt.Before(from) || r.LastCoAccessAt.After(to) {
			t.Errorf("relationship %s lies outside the ten weeks", r.ID)
		}
	}
}
