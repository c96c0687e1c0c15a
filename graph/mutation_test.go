package graph_test

import (
	"slices"
	"strings"
	"testing"

	"thalamus/graph/graphtest"
)

func TestLifeOfAnEpisode(t *testing.T) {
	a := newAuthor(t)
	whale := a.do(t, "upsertEntity", in{"name": "Whale"})["id"]
	full := in{
		"sessionId": "s", "content": "Saw a narwhal at noon", "outcome": "PARTIAL", "timestamp": "2026-05-01T12:00:00+02:00", "endTimestamp": "2026-05-01T10:05:00Z",
		"durationMs": 300000, "emotionalValence": 0.25, "stability": 2.5, "predictionError": 0.75, "entities": []any{whale},
		"context": in{"project": "sea", "extra": in{"deep": in{"er": []any{1.5, "x", nil, true}}}}, "capsule": in{"poses": slices.Repeat([]any{0.5}, 16), "routingAgreement": 0.5},
	}
	e := a.do(t, "createEpisode", full)
	id := e["id"]
	if e["timestamp"] != "2026-05-01T10:00:00Z" || e["version"] != 1.0 || e["sequencePosition"] != 0.0 || !jsonEqual(e["context"], in{"project": "sea", "file": nil, "extra": full["context"].(in)["extra"]}) {
		t.Errorf("created %v", e)
	}
	second := a.do(t, "createEpisode", in{"sessionId": "s", "content": "And another"})
	if second["sequencePosition"] != 1.0 || second["outcome"] != "NEUTRAL" || second["emotionalValence"] != 0.5 || second["stability"] != 1.0 {
		t.Errorf("defaults: %v", second)
	}
	if !a.found(t, "narwhal", id) {
		t.Error("the new episode is not recalled")
	}

	changed := a.do(t, "updateEpisode", in{"id": id, "expectedVersion": 1, "content": "Saw a beluga at noon", "endTimestamp": nil, "predictionError": nil, "capsule": nil, "entities": []any{}})
	if changed["version"] != 2.0 || changed["content"] != "Saw a beluga at noon" || changed["endTimestamp"] != nil || changed["predictionError"] != nil || changed["capsule"] != nil || len(changed["entities"].([]any)) != 0 {
		t.Errorf("updated %v", changed)
	}
	for _, kept := range []string{"outcome", "timestamp", "durationMs", "emotionalValence", "stability", "context", "ingestedAt"} {
		if !jsonEqual(changed[kept], e[kept]) {
			t.Errorf("%s was left out and became %v", kept, changed[kept])
		}
	}
	if a.do(t, "updateEpisode", in{"id": id, "content": "Saw a beluga at noon"})["version"] != 2.0 {
		t.Error("an update that changes nothing makes a version")
	}
	if !a.found(t, "beluga", id) {
		t.Error("the new words are not recalled")
	}

	for path, input := range map[string]in{
		"content": {"content": ""}, "sessionId": {"sessionId": strings.Repeat("x", 129)}, "emotionalValence": {"emotionalValence": 1.5}, "stability": {"stability": -1.0},
		"endTimestamp": {"endTimestamp": "2020-01-01T00:00:00Z"}, "durationMs": {"durationMs": -1}, "capsule.poses": {"capsule": in{"poses": []any{1.0}}},
		"context.extra": {"context": in{"extra": in{"a": in{"a": in{"a": in{"a": in{"a": in{"a": in{}}}}}}}}}, "entities": {"entities": []any{id}},
	} {
		input := merge(full, slices.Collect(func(yield func(any) bool) {
			for k, v := range input {
				_ = yield(k) && yield(v)
			}
		})...)
		a.refuse(t, "createEpisode", input, "INVALID", path)
	}
	for _, field := range []string{"content", "outcome", "timestamp", "emotionalValence", "stability", "accessCount", "lastAccessedAt"} {
		a.refuse(t, "updateEpisode", in{"id": id, field: nil}, "INVALID", field)
	}
	a.refuse(t, "updateEpisode", in{"id": id, "expectedVersion": 1, "content": "x"}, "CONFLICT", "expectedVersion")
	a.refuse(t, "updateEpisode", in{"id": unknown("Episode"), "content": "x"}, "NOT_FOUND", "id")
	a.refuse(t, "updateEpisode", in{"id": whale, "content": "x"}, "INVALID", "id")
	a.refuse(t, "createEpisode", merge(full, "entities", []any{unknown("Entity")}), "NOT_FOUND", "entities")
	a.refuse(t, "deleteEpisode", in{"id": id, "expectedVersion": 1}, "CONFLICT", "expectedVersion")

	a.do(t, "relate", in{"source": id, "target": second["id"], "type": "TEMPORAL_BEFORE"})
	todo := a.do(t, "createTodo", in{"content": "Look again", "sourceEpisode": id})
	a.gone(t, "deleteEpisode", id, "beluga at noon")
	if a.read(t, todo["id"], "... on Todo{sourceEpisode{id}}") == nil {
		t.Error("the todo went with its episode")
	}
}

func TestLifeOfAnEntity(t *testing.T) {
	a := newAuthor(t)
	e := a.do(t, "upsertEntity", in{"name": "Crane", "expectedVersion": 0, "type": "TOOL", "content": "Lifts.", "keywords": []any{"a", "b"}, "aliases": []any{"Hoist"}, "metadata": in{"tons": 12.0}})
	id := e["id"]
	if e["summary"] != "Crane" || e["version"] != 1.0 || e["supersedes"] != nil || len(e["versions"].([]any)) != 1 {
		t.Errorf("created %v", e)
	}
	again := a.do(t, "upsertEntity", in{"name": "Crane", "summary": "A tall lift", "details": "Yellow", "type": nil, "validFrom": nil})
	if again["id"] != id || again["version"] != 2.0 || again["type"] != "TOOL" || again["content"] != "Lifts." || again["validFrom"] != e["validFrom"] || !jsonEqual(again["keywords"], e["keywords"]) {
		t.Errorf("upserted %v", again)
	}
	a.refuse(t, "upsertEntity", in{"name": "Crane", "expectedVersion": 0}, "CONFLICT", "expectedVersion")
	a.refuse(t, "upsertEntity", in{"name": "Crane", "expectedVersion": 1, "summary": "x"}, "CONFLICT", "expectedVersion")
	a.refuse(t, "upsertEntity", in{"name": "Nobody", "expectedVersion": 3}, "CONFLICT", "expectedVersion")
	a.refuse(t, "upsertEntity", in{"name": strings.Repeat("x", 256)}, "INVALID", "name")
	a.refuse(t, "upsertEntity", in{"name": "", "summary": "x"}, "INVALID", "name")
	a.refuse(t, "upsertEntity", in{"name": "Long", "keywords": []any{""}}, "INVALID", "keywords")
	a.refuse(t, "updateEntity", in{"id": id, "validTo": "2000-01-01T00:00:00Z"}, "INVALID", "validTo")

	changed := a.do(t, "updateEntity", in{"id": id, "expectedVersion": 2, "content": nil, "details": nil, "keywords": nil, "metadata": nil, "label": "machine", "accessCount": 5})
	if changed["content"] != nil || changed["details"] != nil || len(changed["keywords"].([]any)) != 0 || changed["metadata"] != nil || changed["summary"] != "A tall lift" || changed["version"] != 3.0 || changed["accessCount"] != 5.0 || !jsonEqual(changed["aliases"], []any{"Hoist"}) {
		t.Errorf("updated %v", changed)
	}
	for _, field := range []string{"name", "type", "summary", "validFrom", "stability", "accessCount", "lastAccessedAt"} {
		a.refuse(t, "updateEntity", in{"id": id, field: nil}, "INVALID", field)
	}
	if a.do(t, "updateEntity", in{"id": id, "keywords": []any{"c"}})["version"] != 4.0 {
		t.Error("a change of the record alone makes no version")
	}

	other := a.do(t, "upsertEntity", in{"name": "Heron"})["id"]
	a.refuse(t, "updateEntity", in{"id": other, "name": "Crane"}, "CONFLICT", "name")
	if a.do(t, "updateEntity", in{"id": other, "name": "Egret"})["name"] != "Egret" || a.do(t, "upsertEntity", in{"name": "Heron"})["id"] == other {
		t.Error("a name that was given up cannot be taken")
	}
	a.refuse(t, "deleteEntity", in{"id": id, "expectedVersion": 1}, "CONFLICT", "expectedVersion")
	episode := a.do(t, "createEpisode", in{"sessionId": "s", "content": "A crane", "entities": []any{id}})["id"]
	a.do(t, "relate", in{"source": id, "target": other, "type": "USES"})
	a.gone(t, "deleteEntity", id, "Crane tall lift machine")
	if got := a.read(t, episode, "... on Episode{entities{id}}"); len(graphtest.At(got, "entities").([]any)) != 0 {
		t.Errorf("the mention stayed: %v", got)
	}
	if data := a.Query(t, `{entity(by:{name:"Crane"}){id}}`, nil, graphtest.As(a.scope)); data["entity"] != nil {
		t.Errorf("the name stayed: %v", data)
	}
}

func TestSupersede(t *testing.T) {
	a := newAuthor(t)
	const then = "2026-04-01T00:00:00Z"
	old := a.do(t, "upsertEntity", in{"name": "Capital", "type": "FACT", "summary": "Bonn", "details": "On the Rhine", "content": "Seat", "aliases": []any{"Hauptstadt"}, "validFrom": "2026-01-01T00:00:00Z"})
	a.refuse(t, "supersedeEntity", in{"id": old["id"], "summary": "Berlin", "expectedVersion": 7}, "CONFLICT", "expectedVersion")
	a.refuse(t, "supersedeEntity", in{"id": old["id"], "summary": "Berlin", "validFrom": "2025-01-01T00:00:00Z"}, "INVALID", "validFrom")
	a.refuse(t, "supersedeEntity", in{"id": unknown("Entity"), "summary": "Berlin"}, "NOT_FOUND", "id")
	next := a.do(t, "supersedeEntity", in{"id": old["id"], "summary": "Berlin", "validFrom": then, "expectedVersion": 1})
	if next["name"] != "Capital" || next["type"] != "FACT" || next["details"] != "On the Rhine" || next["content"] != "Seat" || next["validFrom"] != then || next["validTo"] != nil || next["version"] != 1.0 || !jsonEqual(next["aliases"], old["aliases"]) {
		t.Errorf("the new version is %v", next)
	}
	if graphtest.At(next, "supersedes", "id") != old["id"] || graphtest.At(next, "versions", 0, "id") != old["id"] || graphtest.At(next, "versions", 1, "id") != next["id"] {
		t.Errorf("its history is %v", next)
	}
	closed := a.read(t, old["id"], `... on Entity{validTo version supersededBy{id} relationships(direction:IN){edges{node{type weight source{id}}}} before:valid(at:"2026-03-31T23:59:59Z") at:valid(at:"2026-04-01T00:00:00Z")}`)
	if graphtest.At(closed, "validTo") != then || graphtest.At(closed, "version") != 2.0 || graphtest.At(closed, "supersededBy", "id") != next["id"] || graphtest.At(closed, "before") != true || graphtest.At(closed, "at") != false {
		t.Errorf("the old version is %v", closed)
	}
	if edge := graphtest.At(closed, "relationships", "edges", 0, "node"); graphtest.At(edge, "type") != "SUPERSEDES" || graphtest.At(edge, "weight") != 1.0 || graphtest.At(edge, "source", "id") != next["id"] {
		t.Errorf("the edge is %v", edge)
	}
	byName := a.Query(t, `{entity(by:{name:"Capital"}){id}}`, nil, graphtest.As(a.scope))
	if graphtest.At(byName, "entity", "id") != next["id"] || a.do(t, "upsertEntity", in{"name": "Capital", "label": "city"})["id"] != next["id"] {
		t.Error("the name does not lead to the new version")
	}
	a.refuse(t, "supersedeEntity", in{"id": old["id"], "summary": "Potsdam"}, "CONFLICT", "id")
	third := a.do(t, "supersedeEntity", in{"id": next["id"], "summary": "Potsdam"})
	if len(third["versions"].([]any)) != 3 {
		t.Errorf("three versions are %v", third["versions"])
	}
	if a.found(t, "Capital Bonn", old["id"]) || !a.found(t, "Capital Potsdam", third["id"]) {
		t.Error("recall does not go by what holds now")
	}
}

func TestLifeOfAProcedure(t *testing.T) {
	a := newAuthor(t)
	p := a.do(t, "createProcedure", in{"name": "Tie a bowline", "domain": "CODING", "triggerPattern": "A loop is wanted", "steps": []any{in{"action": "Make a hole"}, in{"action": "Send the rabbit", "tool": "hand", "parameters": in{"times": 1.0}}}})
	id := p["id"]
	if p["successRate"] != 1.0 || p["executionCount"] != 1.0 || p["createdFrom"] != "MANUAL" || graphtest.At(p, "steps", 1, "order") != 2.0 || !jsonEqual(graphtest.At(p, "steps", 1, "parameters"), in{"times": 1.0}) {
		t.Errorf("created %v", p)
	}
	if !a.found(t, "rabbit", id) {
		t.Error("it is not recalled by a step")
	}
	better := a.do(t, "createProcedure", in{"name": "Tie it with one hand", "domain": "CODING"})["id"]
	changed := a.do(t, "updateProcedure", in{"id": id, "triggerPattern": nil, "steps": nil, "consolidatedInto": better, "expectedVersion": 1})
	if changed["triggerPattern"] != nil || len(changed["steps"].([]any)) != 0 || graphtest.At(changed, "consolidatedInto", "id") != better || changed["name"] != "Tie a bowline" {
		t.Errorf("updated %v", changed)
	}
	for _, field := range []string{"name", "domain", "deprecated"} {
		a.refuse(t, "updateProcedure", in{"id": id, field: nil}, "INVALID", field)
	}
	a.refuse(t, "createProcedure", in{"name": "", "domain": "CODING"}, "INVALID", "name")
	a.refuse(t, "createProcedure", in{"name": "x", "domain": "CODING", "successRate": 1.1}, "INVALID", "successRate")
	a.refuse(t, "createProcedure", in{"name": "x", "domain": "CODING", "steps": []any{in{"action": ""}}}, "INVALID", "steps.0.action")
	a.refuse(t, "updateProcedure", in{"id": id, "consolidatedInto": id}, "INVALID", "consolidatedInto")
	a.refuse(t, "updateProcedure", in{"id": id, "name": ""}, "INVALID", "name")

	// rate' = (rate·n + success)/(n+1); deprecated when n > 10 and rate < 0.3.
	rate, n := 1.0, 1.0
	for i := range 12 {
		success := i == 3
		got := a.do(t, "recordProcedureOutcome", in{"id": id, "success": success, "executedAt": "2026-05-01T00:00:00Z"})
		won := map[bool]float64{true: 1}[success]
		rate, n = (rate*n+won)/(n+1), n+1
		near(t, "successRate", got["successRate"], rate)
		near(t, "executionCount", got["executionCount"], n)
		if got["deprecated"] != (n > 10 && rate < 0.3) || got["lastExecutedAt"] != "2026-05-01T00:00:00Z" {
			t.Errorf("after %v executions at %v: %v", n, rate, got)
		}
	}
	if a.found(t, "bowline", id) {
		t.Error("a deprecated procedure is recalled")
	}
	a.refuse(t, "recordProcedureOutcome", in{"id": id, "success": true, "expectedVersion": 1}, "CONFLICT", "expectedVersion")
	a.refuse(t, "recordProcedureOutcome", in{"id": unknown("Procedure"), "success": true}, "NOT_FOUND", "id")
	a.do(t, "relate", in{"source": better, "target": id, "type": "IMPROVES_ON"})
	a.gone(t, "deleteProcedure", id, "bowline")
}

func TestLifeOfAProfile(t *testing.T) {
	a := newAuthor(t)
	if data := a.Query(t, `{profile{id}}`, nil, graphtest.As(a.scope)); data["profile"] != nil {
		t.Fatalf("a profile before there is one: %v", data)
	}
	p := a.do(t, "upsertProfile", in{"content": "Likes tea", "importance": 7, "keywords": []any{"tea"}, "metadata": in{"a": 1.0}, "expectedVersion": 0})
	again := a.do(t, "upsertProfile", in{"content": "Likes coffee", "importance": nil, "expectedVersion": 1})
	if again["id"] != p["id"] || again["version"] != 2.0 || again["importance"] != 7.0 || !jsonEqual(again["keywords"], []any{"tea"}) {
		t.Errorf("upserted %v", again)
	}
	changed := a.do(t, "updateProfile", in{"id": p["id"], "summary": "Coffee", "keywords": nil, "metadata": nil, "entityNames": []any{"Cup"}})
	if changed["content"] != "Likes coffee" || changed["summary"] != "Coffee" || len(changed["keywords"].([]any)) != 0 || changed["metadata"] != nil || !jsonEqual(changed["entityNames"], []any{"Cup"}) {
		t.Errorf("updated %v", changed)
	}
	a.refuse(t, "upsertProfile", in{"content": ""}, "INVALID", "content")
	a.refuse(t, "upsertProfile", in{"content": "x", "importance": 11}, "INVALID", "importance")
	a.refuse(t, "upsertProfile", in{"content": "x", "expectedVersion": 0}, "CONFLICT", "expectedVersion")
	a.refuse(t, "updateProfile", in{"id": p["id"], "content": nil}, "INVALID", "content")
	a.refuse(t, "updateProfile", in{"id": unknown("Profile"), "content": "x"}, "NOT_FOUND", "id")
	a.refuse(t, "updateProfile", in{"id": p["id"], "content": "x", "expectedVersion": 1}, "CONFLICT", "expectedVersion")
	a.gone(t, "deleteProfile", p["id"], "")
	if a.do(t, "upsertProfile", in{"content": "Anew"})["id"] == p["id"] {
		t.Error("a new profile has the id of the deleted one")
	}
}

func TestLifeOfATodo(t *testing.T) {
	a := newAuthor(t)
	episode := a.do(t, "createEpisode", in{"sessionId": "s", "content": "The gutter drips"})["id"]
	house := a.do(t, "upsertEntity", in{"name": "House"})["id"]
	todo := a.do(t, "createTodo", in{"content": "Mend the gutter", "urgency": "HIGH", "endTime": "2030-01-01T00:00:00Z", "sourceEpisode": episode, "entities": []any{house}, "assignee": "Ann"})
	id := todo["id"]
	if todo["status"] != "PENDING" || graphtest.At(todo, "sourceEpisode", "id") != episode || graphtest.At(todo, "entities", 0, "id") != house {
		t.Errorf("created %v", todo)
	}
	if !a.found(t, "gutter", id) {
		t.Error("it is not recalled")
	}
	changed := a.do(t, "updateTodo", in{"id": id, "assignee": nil, "sourceEpisode": nil, "entities": nil, "urgency": "LOW", "reason": "It rains"})
	if changed["assignee"] != nil || changed["sourceEpisode"] != nil || len(changed["entities"].([]any)) != 0 || changed["endTime"] != "2030-01-01T00:00:00Z" || changed["urgency"] != "LOW" {
		t.Errorf("updated %v", changed)
	}
	for _, field := range []string{"content", "status", "urgency", "startTime"} {
		a.refuse(t, "updateTodo", in{"id": id, field: nil}, "INVALID", field)
	}
	done := a.do(t, "completeTodo", in{"id": id, "completedAt": "2029-12-31T00:00:00Z"})
	if done["status"] != "COMPLETED" || done["completedAt"] != "2029-12-31T00:00:00Z" || done["endTime"] != "2030-01-01T00:00:00Z" {
		t.Errorf("completed %v", done)
	}
	if twice := a.do(t, "completeTodo", in{"id": id, "completedAt": "2031-01-01T00:00:00Z"}); !jsonEqual(done, twice) {
		t.Errorf("completed twice: %v", twice)
	}
	if open := a.do(t, "updateTodo", in{"id": id, "status": "PENDING"}); open["completedAt"] != nil || open["endTime"] != "2030-01-01T00:00:00Z" {
		t.Errorf("opened again: %v", open)
	}
	a.refuse(t, "createTodo", in{"content": " "}, "INVALID", "content")
	a.refuse(t, "createTodo", in{"content": "x", "startTime": "2026-01-02T00:00:00Z", "endTime": "2026-01-01T00:00:00Z"}, "INVALID", "endTime")
	a.refuse(t, "createTodo", in{"content": "x", "sourceEpisode": house}, "INVALID", "sourceEpisode")
	a.refuse(t, "createTodo", in{"content": "x", "sourceEpisode": unknown("Episode")}, "NOT_FOUND", "sourceEpisode")
	a.refuse(t, "createTodo", in{"content": "x", "entities": []any{unknown("Entity")}}, "NOT_FOUND", "entities")
	a.refuse(t, "completeTodo", in{"id": unknown("Todo")}, "NOT_FOUND", "id")
	a.refuse(t, "completeTodo", in{"id": id, "expectedVersion": 1}, "CONFLICT", "expectedVersion")
	a.gone(t, "deleteTodo", id, "gutter")
}

// TestProblemsAreHeardAtOnce wants everything that is wrong with an input in one answer.
func TestProblemsAreHeardAtOnce(t *testing.T) {
	a := newAuthor(t)
	p := a.send(t, "createEpisode", in{"sessionId": "", "content": "", "emotionalValence": 7, "durationMs": -1})
	if n := len(p["problems"].([]any)); n != 4 || p["episode"] != nil {
		t.Errorf("%d problems, want 4: %v", n, p)
	}
}

// TestTextsComeBack writes texts that look like code of one kind or another.
func TestTextsComeBack(t *testing.T) {
	a := newAuthor(t)
	for i, text := range []string{
		`'; DROP TABLE episodes; --`, `"quoted" \backslash\ %_`, "{{.}} ${x} $1 :x ?", "émoji 😀👩‍👩‍👧 \u202eright to left", "combining e\u0301 and é", "line\nbreak\ttab\r\n", "NULL", "  spaced  ",
		`MATCH (n) DETACH DELETE n`, `* OR "a" NEAR/2 -b ^c:`, "<script>alert(1)</script>", strings.Repeat("x", 50_000),
	} {
		e := a.do(t, "createEpisode", in{"sessionId": "s", "content": text, "context": in{"extra": in{"key " + string([]rune(text)[:3]): string([]rune(text)[:min(len([]rune(text)), 9000)])}}})
		got := a.read(t, e["id"], "... on Episode{content context{extra}}")
		if graphtest.At(got, "content") != text || !jsonEqual(graphtest.At(got, "context"), in{"extra": graphtest.At(e, "context", "extra")}) {
			t.Errorf("text %d came back as %v", i, got)
		}
		found := a.Query(t, `query($t:String!){episodes(where:{content:{eq:$t}}){totalCount} like:episodes(where:{content:{contains:$t}}){totalCount}}`, in{"t": text}, graphtest.As(a.scope))
		if graphtest.At(found, "episodes", "totalCount") != 1.0 || graphtest.At(found, "like", "totalCount") != 1.0 {
			t.Errorf("text %d is found %v times", i, found)
		}
		if len(text) <= 10_000 {
			a.Query(t, `query($t:String!){recall(input:{text:$t}){hits{score}}}`, in{"t": text}, graphtest.As(a.scope))
		}
		if len(text) <= 255 {
			name := a.do(t, "upsertEntity", in{"name": text, "aliases": []any{text}, "metadata": in{"text": text}})
			byName := a.Query(t, `query($t:String!){entity(by:{name:$t}){id aliases}}`, in{"t": text}, graphtest.As(a.scope))
			if graphtest.At(byName, "entity", "id") != name["id"] || graphtest.At(byName, "entity", "aliases", 0) != text {
				t.Errorf("name %d leads to %v", i, byName)
			}
		}
	}
	for _, bad := range []string{"nul \x00", "escape \x1b[0m", strings.Repeat("x", 50_001)} {
		a.refuse(t, "createEpisode", in{"sessionId": "s", "content": bad}, "INVALID", "content")
	}
}
