package storestest

import (
	"context"
	"testing"
	"time"

	"thalamus/stores"
)

// Todos asks whether a backend keeps the contract of [stores.Todos].
func Todos(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	nounSuite(s, open, todoNoun)
	s.run("ByEpisode", func(w *world) { testTodosByEpisode(bench[stores.Todo]{w, todoNoun(w.set)}) })
	s.run("ByEntity", func(w *world) { testTodosByEntity(bench[stores.Todo]{w, todoNoun(w.set)}) })
}

func todoNoun(set *stores.Set) noun[stores.Todo] {
	c := set.Todos
	return noun[stores.Todo]{
		spec: stores.TodoSpec,
		byID: c.ByID, list: c.List, count: c.Count, put: c.Put, swap: c.Swap, drop: c.Delete,
		random: randomTodo, rich: richTodo, bare: bareTodo,
		head: func(t *stores.Todo) head { return head{&t.ID, &t.Scope, &t.Version} },
		texts: func(t *stores.Todo) []text {
			return []text{{"content", &t.Content, stores.MaxContent}, {"assignee", &t.Assignee, stores.MaxName}, {"reason", &t.Reason, 10_000}}
		},
		value: todoValue,
		strip: func(t *stores.Todo, f stores.Field) {
			switch f {
			case "content":
				t.Content = ""
			case "reason":
				t.Reason = ""
			}
		},
		more: func(w *world, t *stores.Todo) []call {
			c, s, ids := w.set.Todos, w.scope, []stores.ID{t.ID}
			type pages = map[stores.ID]stores.Slice[*stores.Todo]
			q := stores.Query{Page: stores.Page{First: 1}}
			return []call{
				{"ByEpisode", ask(func(ctx context.Context) (pages, error) { return c.ByEpisode(ctx, s, ids, q) })},
				{"ByEntity", ask(func(ctx context.Context) (pages, error) { return c.ByEntity(ctx, s, ids, q) })},
			}
		},
	}
}

// knownIDs are nodes that the todos of a test may point at, so that filters meet them more than once.
var knownIDs = []stores.ID{stores.NewID(), stores.NewID(), stores.NewID()}

func randomTodo(w *world, _ int) *stores.Todo {
	t := &stores.Todo{
		ID: stores.NewID(), Scope: w.scope, Content: w.word(), Status: pick(w, stores.TodoStatuses), Urgency: stores.Urgency(w.rand.IntN(4)),
		Assignee: w.maybe(), Reason: w.maybe(), StartTime: w.instant(), CompletedAt: w.maybeInstant(), CreatedAt: w.instant(),
		UpdatedAt: w.instant(), Version: 1,
	}
	t.EndTime = w.later(t.StartTime)
	if w.chance() {
		t.SourceEpisode = pick(w, knownIDs)
	}
	for range w.rand.IntN(3) {
		t.Entities = append(t.Entities, pick(w, knownIDs))
	}
	return t
}

func richTodo(w *world, s string) *stores.Todo {
	t := randomTodo(w, 0)
	t.Content, t.Assignee, t.Reason = s, s, s
	t.EndTime, t.CompletedAt = new(t.StartTime.Add(time.Minute)), new(w.instant())
	t.SourceEpisode, t.Entities = stores.NewID(), []stores.ID{knownIDs[2], knownIDs[0], knownIDs[1]}
	return t
}

func bareTodo(w *world) *stores.Todo {
	t := &stores.Todo{Scope: w.scope, Content: "bare"}
	t.SetDefaults(stores.Now())
	return t
}

func todoValue(t *stores.Todo, f stores.Field) any {
	return map[stores.Field]any{
		"id": string(t.ID), "content": t.Content, "status": string(t.Status), "urgency": float64(t.Urgency),
		"assignee": optional(t.Assignee), "reason": optional(t.Reason), "startTime": t.StartTime, "endTime": optionalTime(t.EndTime),
		"completedAt": optionalTime(t.CompletedAt), "sourceEpisode": optional(t.SourceEpisode), "entities": optionalList(t.Entities),
		"createdAt": t.CreatedAt, "updatedAt": t.UpdatedAt, "version": float64(t.Version),
	}[f]
}

func testTodosByEpisode(b bench[stores.Todo]) {
	episodes := []stores.ID{stores.NewID(), stores.NewID(), stores.NewID()}
	byEpisode := map[stores.ID][]*stores.Todo{}
	items := b.some(50)
	for i, t := range items {
		t.SourceEpisode = ""
		if i%4 != 0 {
			t.SourceEpisode = episodes[i%4/2] // the last episode has no todos, the second most
			byEpisode[t.SourceEpisode] = append(byEpisode[t.SourceEpisode], t)
		}
	}
	b.save(items...)
	children[stores.Todo]{b, b.set.Todos.ByEpisode}.test(episodes, byEpisode)
}

func testTodosByEntity(b bench[stores.Todo]) {
	entities := []stores.ID{stores.NewID(), stores.NewID(), stores.NewID(), stores.NewID()}
	byEntity := map[stores.ID][]*stores.Todo{}
	items := b.some(50)
	for i, t := range items {
		t.Entities = nil
		for k, id := range entities[:3] { // the last entity has no todos; some todos are about several
			if i%(k+2) == 0 {
				t.Entities = append(t.Entities, id)
				byEntity[id] = append(byEntity[id], t)
			}
		}
	}
	twice := b.random(b.world, 0) // an entity named twice makes no second todo
	twice.Entities = []stores.ID{entities[0], entities[0]}
	byEntity[entities[0]] = append(byEntity[entities[0]], twice)
	b.save(append(items, twice)...)
	children[stores.Todo]{b, b.set.Todos.ByEntity}.test(entities, byEntity)

	moved := byEntity[entities[2]][0]
	moved.Entities = []stores.ID{entities[3]}
	b.save(moved)
	got := children[stores.Todo]{b, b.set.Todos.ByEntity}.pages(entities, stores.Query{Page: stores.Page{First: everyone}})
	same(b.t, "todos of the entity that one was taken from", len(byEntity[entities[2]])-1, len(got[entities[2]].Items))
	same(b.t, "todos of the entity that one was given to", []*stores.Todo{moved}, got[entities[3]].Items)
}
