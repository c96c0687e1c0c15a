package storestest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"thalamus/stores"
)

// Answers asks whether a backend keeps the contract of [stores.Answers].
func Answers(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	s.run("RoundTrip", testAnswerRoundTrip)
	s.run("Conflict", testAnswerConflict)
	s.run("Race", testAnswerRace)
	s.run("Forget", testForget)
	s.run("Complete", testComplete)
	s.run("Release", testRelease)
	s.run("Prune", testPrune)
	s.run("Scopes", testAnswerScopes)
	s.run("Interrupted", func(w *world) {
		a := w.remember(answer("key", `{}`))
		interrupted(w, answerCalls(w), func() any { return []any{w.answer("key"), w.answer("fresh"), a} })
	})
	closed(t, open, answerCalls)
}

func answer(key, response string, nodes ...stores.ID) *stores.Answer {
	return &stores.Answer{Key: key, Operation: "createEpisode", Request: "hash", Response: []byte(response), Nodes: nodes, CreatedAt: stores.Now()}
}

func answerCalls(w *world) []call {
	c, s := w.set.Answers, w.scope
	return []call{
		{"Get", ask(func(ctx context.Context) (*stores.Answer, error) { return c.Get(ctx, s, "key") })},
		{"Put", func(ctx context.Context) error { return c.Put(ctx, s, answer("fresh", `{}`)) }},
		{"Complete", func(ctx context.Context) error { return c.Complete(ctx, s, stores.NewID(), []byte(`{}`)) }},
		{"Release", func(ctx context.Context) error { return c.Release(ctx, s, stores.NewID()) }},
		{"Forget", ask(func(ctx context.Context) (int, error) { return c.Forget(ctx, s, []stores.ID{stores.NewID()}) })},
		{"Showing", ask(func(ctx context.Context) (int, error) { return c.Showing(ctx, s, []stores.ID{stores.NewID()}) })},
		{"Prune", ask(func(ctx context.Context) (int, error) { return c.Prune(ctx, time.Unix(0, 0)) })},
	}
}

// answer reads what is remembered under a key.
func (w *world) answer(key string) *stores.Answer {
	w.t.Helper()
	got, err := w.set.Answers.Get(w.ctx(), w.scope, key)
	noError(w.t, err)
	return got
}

func (w *world) remember(a *stores.Answer) *stores.Answer {
	w.t.Helper()
	noError(w.t, w.set.Answers.Put(w.ctx(), w.scope, a))
	return a
}

func testAnswerRoundTrip(w *world) {
	if got := w.answer("key"); got != nil {
		w.t.Errorf("the answer under an unknown key is %+v", got)
	}
	for i, response := range []string{`{"episode": {"id":1e2,  "n": 12345678901234567890}, "episode":null}`, `{}`, "\"\\u0000\"", "", "\n[ ]\t"} {
		a := w.remember(answer(fmt.Sprintf("key %d", i), response, stores.NewID(), stores.NewID()))
		same(w.t, "answer", a, w.answer(a.Key))
	}
	for _, s := range hostile {
		a := answer(s, s)
		a.Operation, a.Request = s, s
		w.remember(a)
		same(w.t, fmt.Sprintf("answer under %q", s), a, w.answer(s))
	}
	for _, key := range []string{"Key", "key", "KEY", "key ", "këy"} {
		w.remember(answer("k"+key, key))
		same(w.t, "response under "+key, key, string(w.answer("k"+key).Response))
	}
}

func testAnswerConflict(w *world) {
	first := w.remember(answer("key", `{"n":1}`, stores.NewID()))
	refused(w.t, "a key that is taken", w.set.Answers.Put(w.ctx(), w.scope, answer("key", `{"n":2}`)), stores.ErrConflict)
	refused(w.t, "the same answer again", w.set.Answers.Put(w.ctx(), w.scope, first), stores.ErrConflict)
	same(w.t, "answer after refused puts", first, w.answer("key"))
}

func testAnswerRace(w *world) {
	oneWinner(w.t, race(func(i int) error {
		return w.set.Answers.Put(w.ctx(), w.scope, answer("key", fmt.Sprintf(`{"n":%d}`, i)))
	}), stores.ErrConflict)
}

// forgets wants so many responses to be erased that show nodes.
func (w *world) forgets(want int, nodes ...stores.ID) {
	w.t.Helper()
	n, err := w.set.Answers.Forget(w.ctx(), w.scope, nodes)
	noError(w.t, err)
	same(w.t, "responses erased", want, n)
}

// showing wants so many responses to show nodes.
func (w *world) showing(want int, nodes ...stores.ID) {
	w.t.Helper()
	n, err := w.set.Answers.Showing(w.ctx(), w.scope, nodes)
	noError(w.t, err)
	same(w.t, "responses that show nodes", want, n)
}

func testForget(w *world) {
	mine, ours, theirs := stores.NewID(), stores.NewID(), stores.NewID()
	w.remember(answer("mine", `{"secret":1}`, mine))
	w.remember(answer("both", `{"secret":2}`, theirs, mine))
	kept := w.remember(answer("theirs", `{"secret":3}`, theirs))
	none := w.remember(answer("none", `{"secret":4}`))
	far := w.in(newScope())
	foreign := far.remember(answer("mine", `{"secret":5}`, mine))

	w.forgets(0)
	w.showing(2, mine, ours, mine)
	w.forgets(2, mine, ours, mine)
	w.showing(0, mine, ours)
	w.forgets(0, mine, ours)
	w.showing(1, theirs)
	for _, key := range []string{"mine", "both"} {
		got := w.answer(key)
		if got == nil {
			w.t.Errorf("key %q is free after its response was erased", key)
			continue
		}
		if len(got.Response) != 0 {
			w.t.Errorf("the response under %q still reads %s", key, got.Response)
		}
		same(w.t, "request under an erased response", "hash", got.Request)
		refused(w.t, "put under an erased response", w.set.Answers.Put(w.ctx(), w.scope, answer(key, `{}`)), stores.ErrConflict)
	}
	same(w.t, "answer about another node", kept, w.answer("theirs"))
	same(w.t, "answer about no node", none, w.answer("none"))
	same(w.t, "answer in another scope", foreign, far.answer("mine"))
	many := make([]stores.ID, 5000)
	for i := range many {
		many[i] = stores.NewID()
	}
	w.forgets(1, append(many, theirs)...)
	same(w.t, "response about the last of many nodes", 0, len(w.answer("theirs").Response))
}

// pending takes a key for the answer of a saga about some nodes.
func pending(key string, nodes ...stores.ID) *stores.Answer {
	a := answer(key, "", nodes...)
	a.Saga = stores.NewID()
	return a
}

func (w *world) complete(a *stores.Answer, response string) {
	w.t.Helper()
	noError(w.t, w.set.Answers.Complete(w.ctx(), w.scope, a.Saga, []byte(response)))
}

func testComplete(w *world) {
	node, other := stores.NewID(), stores.NewID()
	a, b, c := w.remember(pending("a", node, other)), w.remember(pending("b", other)), pending("c", node)
	c.Response = nil
	w.remember(c)
	far := w.in(newScope())
	foreign := pending("a", node)
	foreign.Saga = a.Saga
	far.remember(foreign)
	same(w.t, "an answer that will come", a, w.answer("a"))
	same(w.t, "another that will come", c, w.answer("c"))
	refused(w.t, "a key that is taken for an answer", w.set.Answers.Put(w.ctx(), w.scope, answer("a", `{}`)), stores.ErrConflict)

	for range 2 {
		w.complete(a, `{"n": 1}`)
	}
	a.Response = []byte(`{"n": 1}`)
	same(w.t, "a completed answer", a, w.answer("a"))
	same(w.t, "an answer of another saga", b, w.answer("b"))
	same(w.t, "an answer of another scope", foreign, far.answer("a"))
	noError(w.t, w.set.Answers.Complete(w.ctx(), w.scope, stores.NewID(), []byte(`{}`)))

	_, err := w.set.Answers.Forget(w.ctx(), w.scope, []stores.ID{node})
	noError(w.t, err)
	w.complete(c, `{"secret": 1}`)
	w.complete(a, `{"secret": 2}`)
	w.complete(b, `{"n": 2}`)
	same(w.t, "response about a node that was forgotten before it came", 0, len(w.answer("c").Response))
	same(w.t, "response about a node that was forgotten after it came", 0, len(w.answer("a").Response))
	same(w.t, "response about another node", `{"n": 2}`, string(w.answer("b").Response))
	same(w.t, "saga of a forgotten answer", c.Saga, w.answer("c").Saga)
}

func testRelease(w *world) {
	node := stores.NewID()
	a, b := w.remember(pending("a", node)), w.remember(pending("b", node))
	done := w.remember(answer("done", `{"n":1}`, node))
	far := w.in(newScope())
	noError(w.t, far.set.Answers.Release(w.ctx(), far.scope, a.Saga))
	same(w.t, "an answer released in another scope", a, w.answer("a"))
	for range 2 {
		noError(w.t, w.set.Answers.Release(w.ctx(), w.scope, a.Saga))
	}
	same(w.t, "a released key is taken", false, w.answer("a") != nil)
	same(w.t, "an answer of another saga", b, w.answer("b"))
	same(w.t, "an answer of no saga", done, w.answer("done"))
	noError(w.t, w.set.Answers.Release(w.ctx(), w.scope, ""))
	same(w.t, "an answer of no saga", done, w.answer("done"))
	w.complete(a, `{}`)
	same(w.t, "a released key is taken", false, w.answer("a") != nil)

	again := w.remember(answer("a", `{"n":2}`))
	_, err := w.set.Answers.Forget(w.ctx(), w.scope, []stores.ID{node})
	noError(w.t, err)
	same(w.t, "an answer under a released key, about nothing", again, w.answer("a"))
}

// testPrune keeps to a year of its own: Prune reaches every scope.
func testPrune(w *world) {
	before := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	far := w.in(newScope())
	for i, at := range []time.Duration{-time.Hour, -time.Microsecond, 0, time.Hour} {
		for _, w := range []*world{w, far} {
			a := answer(fmt.Sprint(i), `{}`, stores.NewID())
			a.CreatedAt = before.Add(at)
			w.remember(a)
		}
	}
	n, err := w.set.Answers.Prune(w.ctx(), before)
	noError(w.t, err)
	if n < 4 {
		w.t.Errorf("pruned %d answers, want at least 4", n)
	}
	for _, w := range []*world{w, far} {
		for i, want := range []bool{false, false, true, true} {
			same(w.t, fmt.Sprintf("answer %d is there", i), want, w.answer(fmt.Sprint(i)) != nil)
		}
		w.remember(answer("0", `{}`))
	}
}

func testAnswerScopes(w *world) {
	for i, s := range lookalikes() {
		one := w.in(s)
		if got := one.answer("key"); got != nil {
			w.t.Errorf("scope %s finds the answer of another: %s", s.Key(), got.Response)
			continue
		}
		one.remember(answer("key", fmt.Sprint(i)))
		same(w.t, "answer of scope "+s.Key(), fmt.Sprint(i), string(one.answer("key").Response))
	}
}
