package stores_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
)

var (
	scope = stores.NewScope("ann", "", "")
	now   = time.Date(2024, 5, 6, 7, 8, 9, 123_456_000, time.UTC)
)

// near compares numbers to what arithmetic of other order may give.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > 1e-12 {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// spoil is a change to a good noun, and the fields that are to be refused for it.
type spoil[T any] struct {
	change func(*T)
	at     []string
}

// validates wants a good noun to be accepted, and every spoilt one to be refused at the right places.
func validates[T any, P interface {
	*T
	Validate() error
}](t *testing.T, good func() T, spoils []spoil[T]) {
	t.Helper()
	item := good()
	if err := P(&item).Validate(); err != nil {
		t.Fatalf("a good noun is refused: %v", err)
	}
	for _, s := range spoils {
		item := good()
		s.change(&item)
		refusedAt(t, P(&item).Validate(), s.at...)
	}
}

func at(paths ...string) []string { return paths }

func TestKinds(t *testing.T) {
	for _, n := range []stores.Versioned{
		&stores.Episode{ID: "x", Scope: scope, Version: 3}, &stores.Entity{ID: "x", Scope: scope, Version: 3},
		&stores.Procedure{ID: "x", Scope: scope, Version: 3}, &stores.Relationship{ID: "x", Scope: scope, Version: 3},
		&stores.Profile{ID: "x", Scope: scope, Version: 3}, &stores.Todo{ID: "x", Scope: scope, Version: 3},
	} {
		ref := n.Ref()
		if ref.ID != "x" || n.Owner() != scope || n.Revision() != 3 || specs[string(ref.Kind)].Kind != ref.Kind {
			t.Errorf("%T is %+v of %+v, version %d", n, ref, n.Owner(), n.Revision())
		}
		if n.Touch(now); n.Revision() != 4 {
			t.Errorf("%T has version %d after a change of version 3", n, n.Revision())
		}
	}
	if len(stores.Kinds) != 6 || len(stores.RelationTypes) != 17 {
		t.Errorf("%d nouns and %d types of edge", len(stores.Kinds), len(stores.RelationTypes))
	}
}

func TestDefaultsKeepWhatIsGiven(t *testing.T) {
	given := time.Date(2020, 1, 1, 1, 0, 0, 1999, time.FixedZone("", 3600))
	kept := time.Date(2020, 1, 1, 0, 0, 0, 1000, time.UTC)
	e := stores.Episode{ID: "x", Outcome: stores.OutcomeFailure, Timestamp: given, Stability: 2, AccessCount: 5, Version: 9}
	e.SetDefaults(now)
	want := stores.Episode{
		ID: "x", Outcome: stores.OutcomeFailure, Timestamp: kept, Stability: 2, AccessCount: 5, Version: 9, IngestedAt: now, UpdatedAt: now, LastAccessedAt: now,
	}
	if d := cmp.Diff(want, e); d != "" {
		t.Errorf("episode (-want +got):\n%s", d)
	}
	var n stores.Entity
	n.Name = "a name"
	n.SetDefaults(now)
	wantEntity := stores.Entity{
		ID: n.ID, Name: "a name", Lineage: n.ID, Type: stores.EntityOther, Summary: "a name", ValidFrom: now, CreatedAt: now, UpdatedAt: now,
		LastAccessedAt: now, Stability: 1, AccessCount: 1, Version: 1,
	}
	if d := cmp.Diff(wantEntity, n); d != "" || n.ID == "" {
		t.Errorf("entity (-want +got):\n%s", d)
	}
	var r stores.Relationship
	r.SetDefaults(now)
	wantEdge := stores.Relationship{ID: r.ID, Type: stores.RelatesTo, CoAccessCount: 1, LastCoAccessAt: now, ValidFrom: now, CreatedAt: now, UpdatedAt: now, Version: 1}
	if d := cmp.Diff(wantEdge, r); d != "" || r.ID == "" {
		t.Errorf("relationship (-want +got):\n%s", d)
	}
	var todo stores.Todo
	todo.SetDefaults(now)
	wantTodo := stores.Todo{ID: todo.ID, Status: stores.TodoPending, StartTime: now, CreatedAt: now, UpdatedAt: now, Version: 1}
	if d := cmp.Diff(wantTodo, todo); d != "" {
		t.Errorf("todo (-want +got):\n%s", d)
	}
}

func goodEpisode() stores.Episode {
	e := stores.Episode{Scope: scope, SessionID: "s", Content: "text"}
	e.SetDefaults(now)
	return e
}

func TestEpisodeValidate(t *testing.T) {
	type s = spoil[stores.Episode]
	validates(t, goodEpisode, []s{
		{func(e *stores.Episode) { e.Scope.User = "" }, at("scope.user")},
		{func(e *stores.Episode) { e.SessionID = "" }, at("sessionId")},
		{func(e *stores.Episode) { e.SessionID = strings.Repeat("é", 129) }, at("sessionId")},
		{func(e *stores.Episode) { e.Content = strings.Repeat("é", stores.MaxContent+1) }, at("content")},
		{func(e *stores.Episode) { e.Outcome = "success" }, at("outcome")},
		{func(e *stores.Episode) { e.EmotionalValence = 1.5 }, at("emotionalValence")},
		{func(e *stores.Episode) { e.Stability = 0 }, at("stability")},
		{func(e *stores.Episode) { e.Stability = math.Inf(1) }, at("stability")},
		{func(e *stores.Episode) { e.Stability = math.NaN() }, at("stability")},
		{func(e *stores.Episode) { e.AccessCount = 0 }, at("accessCount")},
		{func(e *stores.Episode) { e.EndTimestamp = new(e.Timestamp.Add(-1)) }, at("endTimestamp")},
		{func(e *stores.Episode) { e.DurationMs, e.Position = new(-1), new(-1) }, at("durationMs", "sequencePosition")},
		{func(e *stores.Episode) { e.Mentions = make([]stores.ID, 501) }, at("mentions")},
		{func(e *stores.Episode) { e.Context.Project, e.Context.Tool = "a\x00", strings.Repeat("x", 201) }, at("context.project", "context.tool")},
		{func(e *stores.Episode) { e.Context.Extra = map[string]any{"": 1.0} }, at("context.extra")},
		{func(e *stores.Episode) { e.Capsule = &stores.Capsule{Poses: make([]float64, 17)} }, at("capsule.poses")},
		{func(e *stores.Episode) { e.Capsule = &stores.Capsule{Activations: make([]float64, 1025)} }, at("capsule.activations")},
		{func(e *stores.Episode) { e.Capsule = &stores.Capsule{RoutingAgreement: new(1.1)} }, at("capsule.routingAgreement")},
		{func(e *stores.Episode) { e.SessionID, e.Content, e.Outcome = "", " ", "" }, at("sessionId", "content", "outcome")},
	})
	full := goodEpisode()
	full.Content, full.EndTimestamp, full.DurationMs, full.Position = strings.Repeat("😀", stores.MaxContent), &full.Timestamp, new(0), new(0)
	full.Mentions, full.Capsule = make([]stores.ID, 500), &stores.Capsule{Poses: make([]float64, 1024*16), RoutingAgreement: new(1.0)}
	if err := full.Validate(); err != nil {
		t.Errorf("an episode at its limits is refused: %v", err)
	}
}

func TestRetrievability(t *testing.T) {
	e := stores.Episode{LastAccessedAt: now, Stability: 2}
	n := stores.Entity{LastAccessedAt: now, Stability: 2}
	days := func(d float64) time.Time { return now.Add(time.Duration(d * 24 * float64(time.Hour))) }
	for _, c := range []struct{ days, episode, entity float64 }{
		{0, 1, 1}, {2, 1 / math.Sqrt(1.9), 0.9}, {4, 1 / math.Sqrt(2.8), 0.81}, {20, 1 / math.Sqrt(10), 0.3486784401}, {-5, 1, 1},
	} {
		near(t, "retrievability of an episode", e.Retrievability(days(c.days)), c.episode)
		near(t, "retrievability of an entity", n.Retrievability(days(c.days)), c.entity)
	}
	if e.Retrievability(days(1)) <= e.Retrievability(days(1.1)) || n.Retrievability(days(36500)) < 0 {
		t.Error("memory does not fade, or fades below nothing")
	}
}

func goodEntity() stores.Entity {
	e := stores.Entity{Scope: scope, Name: "name"}
	e.SetDefaults(now)
	return e
}

func TestEntityValidate(t *testing.T) {
	type s = spoil[stores.Entity]
	validates(t, goodEntity, []s{
		{func(e *stores.Entity) { e.Scope = stores.Scope{} }, at("scope.user", "scope.device", "scope.agent")},
		{func(e *stores.Entity) { e.Name = strings.Repeat("é", stores.MaxName+1) }, at("name")},
		{func(e *stores.Entity) { e.Type = "ROBOT" }, at("type")},
		{func(e *stores.Entity) { e.Label = strings.Repeat("x", 101) }, at("label")},
		{func(e *stores.Entity) { e.Summary = "" }, at("summary")},
		{func(e *stores.Entity) { e.Details, e.Source = strings.Repeat("x", 10_001), strings.Repeat("x", 256) }, at("details", "source")},
		{func(e *stores.Entity) { e.ValidTo = new(e.ValidFrom.Add(-time.Microsecond)) }, at("validTo")},
		{func(e *stores.Entity) { e.Stability, e.AccessCount = -1, 0 }, at("stability", "accessCount")},
	})
	for _, kind := range stores.EntityTypes {
		e := goodEntity()
		if e.Type = kind; e.Validate() != nil {
			t.Errorf("the type %s is refused: %v", kind, e.Validate())
		}
	}
}

func TestEntityValidAt(t *testing.T) {
	e := goodEntity()
	if e.ValidAt(now.Add(-1)) || !e.ValidAt(now) || !e.ValidAt(now.AddDate(100, 0, 0)) {
		t.Error("an entity without an end holds from its start, for ever")
	}
	e.ValidTo = new(now.Add(time.Hour))
	if !e.ValidAt(now.Add(time.Hour-1)) || e.ValidAt(now.Add(time.Hour)) {
		t.Error("an entity holds until just before its end")
	}
}

func TestEntityRecordValidate(t *testing.T) {
	type s = spoil[stores.EntityRecord]
	good := func() stores.EntityRecord { return stores.EntityRecord{Scope: scope, Name: "name"} }
	validates(t, good, []s{
		{func(r *stores.EntityRecord) { r.Name = "" }, at("name")},
		{func(r *stores.EntityRecord) { r.Content = strings.Repeat("x", stores.MaxContent+1) }, at("content")},
		{func(r *stores.EntityRecord) { r.Keywords, r.Aliases = make([]string, 0, 1), []string{""} }, at("aliases")},
		{func(r *stores.EntityRecord) { r.Keywords = []string{strings.Repeat("x", 256)} }, at("keywords")},
		{func(r *stores.EntityRecord) { r.Metadata = map[string]any{"k": "\x00"} }, at("metadata")},
	})
}

func TestEmbeddingTexts(t *testing.T) {
	p := stores.Procedure{Name: "deploy", TriggerPattern: "on Friday", Steps: []stores.ProcedureStep{{Action: "wait"}, {Action: "go"}}}
	for got, want := range map[string]string{
		(&stores.Episode{Content: "text"}).EmbeddingText():              "text",
		(&stores.Entity{Name: "name", Summary: "sum"}).EmbeddingText():  "name: sum",
		(&stores.Todo{Content: "to do", Reason: "why"}).EmbeddingText(): "to do",
		p.EmbeddingText(): "deploy: on Friday\nwait\ngo",
	} {
		if got != want {
			t.Errorf("embedding text %q, want %q", got, want)
		}
	}
}

func TestProfileValidate(t *testing.T) {
	type s = spoil[stores.Profile]
	good := func() stores.Profile {
		p := stores.Profile{Scope: scope, Content: "text", Importance: 10}
		p.SetDefaults(now)
		return p
	}
	validates(t, good, []s{
		{func(p *stores.Profile) { p.Content = "" }, at("content")},
		{func(p *stores.Profile) { p.Importance = 11 }, at("importance")},
		{func(p *stores.Profile) { p.Importance = -1 }, at("importance")},
		{func(p *stores.Profile) { p.Summary = strings.Repeat("x", 2001) }, at("summary")},
		{func(p *stores.Profile) { p.Keywords, p.Entities = make([]string, 101), nil }, func() []string {
			list := at("keywords") // the length of the list, and every empty item
			for range 101 {
				list = append(list, "keywords")
			}
			return list
		}()},
		{func(p *stores.Profile) { p.Entities, p.Metadata = []string{"a\x00"}, nested(9) }, at("entities", "metadata")},
	})
}

func TestTodo(t *testing.T) {
	type s = spoil[stores.Todo]
	good := func() stores.Todo {
		todo := stores.Todo{Scope: scope, Content: "text", Urgency: stores.UrgencyUrgent}
		todo.SetDefaults(now)
		return todo
	}
	validates(t, good, []s{
		{func(t *stores.Todo) { t.Content = "" }, at("content")},
		{func(t *stores.Todo) { t.Status = "DONE" }, at("status")},
		{func(t *stores.Todo) { t.Urgency = 4 }, at("urgency")},
		{func(t *stores.Todo) { t.Urgency = -1 }, at("urgency")},
		{func(t *stores.Todo) { t.Assignee, t.Reason = strings.Repeat("x", 256), strings.Repeat("x", 10_001) }, at("assignee", "reason")},
		{func(t *stores.Todo) { t.EndTime = new(t.StartTime.Add(-1)) }, at("endTime")},
		{func(t *stores.Todo) { t.Entities = make([]stores.ID, 501) }, at("entities")},
	})
	todo, deadline := good(), now.Add(time.Hour)
	todo.EndTime = &deadline
	todo.SetStatus(stores.TodoPending, now)
	if todo.CompletedAt != nil {
		t.Error("a pending todo has a time of completion")
	}
	todo.SetStatus(stores.TodoCompleted, now.Add(time.Minute))
	todo.SetStatus(stores.TodoCompleted, now.Add(2*time.Minute))
	if todo.Status != stores.TodoCompleted || todo.CompletedAt == nil || !todo.CompletedAt.Equal(now.Add(time.Minute)) || !todo.EndTime.Equal(deadline) {
		t.Errorf("completed: %+v", todo)
	}
	todo.SetStatus(stores.TodoPending, now)
	if todo.Status != stores.TodoPending || todo.CompletedAt != nil {
		t.Errorf("reopened: %+v", todo)
	}
}

func TestRelationship(t *testing.T) {
	type s = spoil[stores.Relationship]
	a, b := stores.Ref{Kind: stores.KindEpisode, ID: stores.NewID()}, stores.Ref{Kind: stores.KindProcedure, ID: stores.NewID()}
	good := func() stores.Relationship {
		r := stores.Relationship{Scope: scope, Source: a, Target: b, Weight: 1}
		r.SetDefaults(now)
		return r
	}
	validates(t, good, []s{
		{func(r *stores.Relationship) { r.Type = "LIKES" }, at("type")},
		{func(r *stores.Relationship) { r.Label = strings.Repeat("x", 101) }, at("label")},
		{func(r *stores.Relationship) { r.Source.Kind = stores.KindTodo }, at("source.kind")},
		{func(r *stores.Relationship) { r.Target.Kind = "" }, at("target.kind")},
		{func(r *stores.Relationship) { r.Target.ID = r.Source.ID }, at("target")},
		{func(r *stores.Relationship) { r.Weight = math.NaN() }, at("weight")},
		{func(r *stores.Relationship) { r.CoAccessCount = 0 }, at("coAccessCount")},
		{func(r *stores.Relationship) { r.ValidTo = new(r.ValidFrom.Add(-1)) }, at("validTo")},
		{func(r *stores.Relationship) { r.Metadata = nested(9) }, at("metadata")},
	})
	r := good()
	if r.Other(a.ID) != b || r.Other(b.ID) != a {
		t.Errorf("the other ends are %v and %v", r.Other(a.ID), r.Other(b.ID))
	}
	for _, kind := range stores.RelationTypes {
		r := good()
		if r.Type = kind; r.Validate() != nil {
			t.Errorf("the type %s is refused: %v", kind, r.Validate())
		}
	}
}
