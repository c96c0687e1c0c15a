package recall_test

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"thalamus/examples"
	"thalamus/graph/graphtest"
	"thalamus/recall"
	"thalamus/resilience"
	"thalamus/stores"
)

// then is when the questions are asked: after the last episode of the sample memory.
var then = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// ask recalls from the sample memory.
func ask(t *testing.T, g *graphtest.Gateway, q recall.Query) *recall.Answer {
	t.Helper()
	q.First = cmp.Or(q.First, 10)
	if q.Where.ValidAt.IsZero() {
		q.Where.ValidAt = then
	}
	a, err := recall.New(g.Set).Recall(t.Context(), graphtest.Scope, q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// only asks one leg.
func only(leg recall.Leg) recall.Weights {
	w := recall.Weights{}
	for _, l := range recall.Legs {
		w[l] = 0
	}
	w[leg] = 1
	return w
}

// measured is how many questions have a right answer among the first five, and the mean reciprocal rank of the first
// right answer.
type measured struct {
	atFive int
	mrr    float64
}

func measure(t *testing.T, g *graphtest.Gateway, w recall.Weights, x *recall.Expand) (m measured) {
	t.Helper()
	questions, err := examples.Questions()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range questions {
		a := ask(t, g, recall.Query{Text: q.Text, First: 20, Weights: w, Expand: x})
		rank := 1 + slices.IndexFunc(a.Hits, func(h recall.Hit) bool { return slices.Contains(q.Expect, h.Node.Ref()) })
		if rank > 0 {
			m.mrr += 1 / float64(rank) / float64(len(questions))
		}
		if rank > 0 && rank <= 5 {
			m.atFive++
		}
	}
	return m
}

// TestQuestions is the floor of quality: a change that falls below it makes answers worse. Of 15 questions.
func TestQuestions(t *testing.T) {
	g := graphtest.Sample(t)
	whole := measure(t, g, nil, nil)
	for _, c := range []struct {
		name   string
		got    measured
		atFive int
		mrr    float64
	}{
		{"the default legs", whole, 14, 0.75},
		{"with the graph", measure(t, g, nil, &recall.Expand{Depth: 1}), 14, 0.80},
		{"with two steps of the graph", measure(t, g, nil, &recall.Expand{Depth: 2}), 14, 0.80},
		{"dense alone", measure(t, g, only(recall.Dense), nil), 14, 0.65},
		{"keyword alone", measure(t, g, only(recall.Keyword), nil), 13, 0.68},
	} {
		t.Logf("%s: %d of 15 in the first five, mean reciprocal rank %.3f", c.name, c.got.atFive, c.got.mrr)
		if c.got.atFive < c.atFive || c.got.mrr < c.mrr {
			t.Errorf("%s: %+v, want at least %d and %.2f", c.name, c.got, c.atFive, c.mrr)
		}
		if c.got.mrr > whole.mrr && slices.Contains([]string{"dense alone", "keyword alone"}, c.name) {
			t.Errorf("%s does better than all legs together", c.name)
		}
	}
}

// TestFusionIsExplained recomputes scores, order and ranks from the explanation of the hits.
func TestFusionIsExplained(t *testing.T) {
	g := graphtest.Sample(t)
	for _, weights := range []recall.Weights{nil, {recall.Dense: 2, recall.Keyword: 0.25, recall.Session: 3, recall.Graph: 1}} {
		a := ask(t, g, recall.Query{Text: "webhooks delayed at the bank", First: 200, Weights: weights, Expand: &recall.Expand{Depth: 1}})
		weight := map[recall.Leg]float64{}
		for _, l := range a.Legs {
			weight[l.Leg] = l.Weight
			want, given := weights[l.Leg]
			if !given {
				want = recall.DefaultWeights[l.Leg]
			}
			if l.Weight != want || l.Candidates == 0 || l.Err != nil {
				t.Errorf("leg %+v, want weight %v", l, want)
			}
		}
		if len(a.Hits) < 50 || len(weight) != len(recall.Legs) {
			t.Fatalf("%d hits of %d legs", len(a.Hits), len(weight))
		}
		ranked := map[recall.Leg]map[int]float64{}
		for i, h := range a.Hits {
			sum := 0.0
			for _, l := range h.Legs {
				if want := weight[l.Leg] / float64(60+l.Rank); math.Abs(l.Contribution-want) > 1e-12 {
					t.Errorf("hit %d: %s at rank %d contributes %v, want %v", i, l.Leg, l.Rank, l.Contribution, want)
				}
				sum += l.Contribution
				if ranked[l.Leg] == nil {
					ranked[l.Leg] = map[int]float64{}
				}
				if _, taken := ranked[l.Leg][l.Rank]; taken {
					t.Errorf("rank %d of %s is given twice", l.Rank, l.Leg)
				}
				ranked[l.Leg][l.Rank] = l.Score
			}
			if math.Abs(h.Score-sum) > 1e-12 || len(h.Legs) == 0 {
				t.Errorf("hit %d has the score %v, its legs add up to %v", i, h.Score, sum)
			}
			if i > 0 && (h.Score > a.Hits[i-1].Score || h.Score == a.Hits[i-1].Score && h.Node.Ref().ID < a.Hits[i-1].Node.Ref().ID) {
				t.Errorf("hit %d stands below a lesser one", i)
			}
		}
		for leg, scores := range ranked {
			last := math.Inf(1)
			for _, rank := range slices.Sorted(keys(scores)) {
				if scores[rank] > last {
					t.Errorf("%s ranks %v below a lesser score", leg, scores[rank])
				}
				last = scores[rank]
			}
		}
	}
}

func keys(m map[int]float64) func(func(int) bool) {
	return func(yield func(int) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// TestSameQuestionSameAnswer asks twice, and for fewer.
func TestSameQuestionSameAnswer(t *testing.T) {
	g := graphtest.Sample(t)
	refs := func(a *recall.Answer) (out []stores.Ref) {
		for _, h := range a.Hits {
			out = append(out, h.Node.Ref())
		}
		return out
	}
	q := recall.Query{Text: "ledger migration", First: 16}
	many := refs(ask(t, g, q))
	if again := refs(ask(t, g, q)); !slices.Equal(many, again) {
		t.Errorf("first %v, then %v", many, again)
	}
	q.First = 3
	if few := refs(ask(t, g, q)); !slices.Equal(few, many[:3]) {
		t.Errorf("the first three are %v, the first of many %v", few, many[:3])
	}
}

func legs(a *recall.Answer) (out []recall.Leg) {
	for _, l := range a.Legs {
		out = append(out, l.Leg)
	}
	return out
}

// TestLegs wants a leg of weight 0 not to be asked, and the graph only with expand.
func TestLegs(t *testing.T) {
	g := graphtest.Sample(t)
	for _, leg := range []recall.Leg{recall.Dense, recall.Keyword} {
		a := ask(t, g, recall.Query{Text: "ledger", Weights: only(leg)})
		if !slices.Equal(legs(a), []recall.Leg{leg}) || len(a.Hits) == 0 {
			t.Errorf("only %s: %v", leg, legs(a))
		}
	}
	if got := legs(ask(t, g, recall.Query{Text: "ledger"})); !slices.Equal(got, []recall.Leg{recall.Dense, recall.Keyword, recall.Session}) {
		t.Errorf("without expand: %v", got)
	}
	if got := legs(ask(t, g, recall.Query{Text: "ledger", Expand: &recall.Expand{Depth: 1}, Weights: recall.Weights{recall.Graph: 0}})); slices.Contains(got, recall.Graph) {
		t.Errorf("a graph of weight 0: %v", got)
	}
	if got := legs(ask(t, g, recall.Query{Text: "ledger", Kinds: []stores.Kind{stores.KindEntity}})); slices.Contains(got, recall.Session) {
		t.Errorf("entities alone: %v", got)
	}
	for _, start := range []recall.Leg{recall.Session, recall.Graph} {
		a := ask(t, g, recall.Query{Text: "ledger", Weights: only(start), Expand: &recall.Expand{Depth: 1}})
		if len(a.Hits) != 0 {
			t.Errorf("only %s, which has nothing to start from: %d hits", start, len(a.Hits))
		}
	}
	if a := ask(t, g, recall.Query{Text: "?!… ---"}); len(a.Hits) != 0 {
		t.Errorf("a question without a word finds %d", len(a.Hits))
	}
}

// TestExpand wants a second step to reach more than the first, and types and weights to hold it back.
func TestExpand(t *testing.T) {
	g := graphtest.Sample(t)
	reached := func(x recall.Expand) int {
		a := ask(t, g, recall.Query{Text: "Harbour Beans", Kinds: []stores.Kind{stores.KindEntity, stores.KindProcedure}, First: 200, Expand: &x})
		return a.Legs[slices.Index(legs(a), recall.Graph)].Candidates
	}
	near, far := reached(recall.Expand{Depth: 1}), reached(recall.Expand{Depth: 2})
	if near == 0 || far < near {
		t.Errorf("one step reaches %d, two %d", near, far)
	}
	if typed := reached(recall.Expand{Depth: 1, Types: []stores.RelationType{"IMPROVES_ON"}}); typed >= near {
		t.Errorf("edges of one type reach %d, of all types %d", typed, near)
	}
	if strong := reached(recall.Expand{Depth: 1, MinWeight: 0.9}); strong >= near {
		t.Errorf("strong edges reach %d, all edges %d", strong, near)
	}
}

// TestWhere wants every hit to hold to the filter, those that the session and the graph bring included.
func TestWhere(t *testing.T) {
	g := graphtest.Sample(t)
	october := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		where recall.Where
		holds func(stores.Node) bool
	}{
		"session": {recall.Where{SessionID: "2026-10-09-october-outage"}, func(n stores.Node) bool {
			e, ok := n.(*stores.Episode)
			return !ok || e.SessionID == "2026-10-09-october-outage"
		}},
		"since": {recall.Where{Since: october}, func(n stores.Node) bool { e, ok := n.(*stores.Episode); return !ok || !e.Timestamp.Before(october) }},
		"until": {recall.Where{Until: october}, func(n stores.Node) bool { e, ok := n.(*stores.Episode); return !ok || e.Timestamp.Before(october) }},
		"outcomes": {recall.Where{Outcomes: []stores.Outcome{stores.OutcomeFailure}}, func(n stores.Node) bool {
			e, ok := n.(*stores.Episode)
			return !ok || e.Outcome == stores.OutcomeFailure
		}},
		"types": {recall.Where{EntityTypes: []stores.EntityType{stores.EntityPerson}}, func(n stores.Node) bool { e, ok := n.(*stores.Entity); return !ok || e.Type == stores.EntityPerson }},
		"domains": {recall.Where{Domains: []stores.Domain{stores.DomainDevops}}, func(n stores.Node) bool {
			p, ok := n.(*stores.Procedure)
			return !ok || p.Domain == stores.DomainDevops
		}},
		"statuses": {recall.Where{Statuses: []stores.TodoStatus{stores.TodoCompleted}}, func(n stores.Node) bool { d, ok := n.(*stores.Todo); return !ok || d.Status == stores.TodoCompleted }},
		"valid":    {recall.Where{ValidAt: october}, func(n stores.Node) bool { e, ok := n.(*stores.Entity); return !ok || e.ValidAt(october) }},
		"none":     {recall.Where{Outcomes: []stores.Outcome{}}, func(n stores.Node) bool { _, ok := n.(*stores.Episode); return !ok }},
	} {
		a := ask(t, g, recall.Query{Text: "ledger webhook team database Marit retry certificate", First: 200, Where: c.where, Expand: &recall.Expand{Depth: 2}})
		kinds := map[stores.Kind]bool{}
		for _, h := range a.Hits {
			kinds[h.Node.Ref().Kind] = true
			if !c.holds(h.Node) {
				t.Errorf("%s: %v is shown", name, h.Node.Ref())
			}
			if p, ok := h.Node.(*stores.Procedure); ok && p.Deprecated {
				t.Errorf("%s: a deprecated procedure is shown", name)
			}
		}
		if want := 4; len(kinds) != want && name != "none" {
			t.Errorf("%s: only %v answer; the filter of one noun left out another", name, kinds)
		}
	}
}

// TestKindsAndSize wants only the nouns that may answer, and no more than asked for.
func TestKindsAndSize(t *testing.T) {
	g := graphtest.Sample(t)
	for _, kind := range recall.Kinds {
		a := ask(t, g, recall.Query{Text: "ledger webhook certificate", Kinds: []stores.Kind{kind}, First: 2, Expand: &recall.Expand{Depth: 2}})
		for _, h := range a.Hits {
			if h.Node.Ref().Kind != kind {
				t.Errorf("%s alone: %v", kind, h.Node.Ref())
			}
		}
		if len(a.Hits) != 2 {
			t.Errorf("%s: %d hits, want 2", kind, len(a.Hits))
		}
	}
}

func TestBadQuestions(t *testing.T) {
	g := graphtest.Sample(t)
	good := recall.Query{Text: "x", First: 1}
	for name, change := range map[string]func(*recall.Query){
		"empty": func(q *recall.Query) { q.Text = " " }, "long": func(q *recall.Query) { q.Text = string(make([]rune, 10_001)) },
		"none": func(q *recall.Query) { q.First = 0 }, "many": func(q *recall.Query) { q.First = 201 },
		"negative": func(q *recall.Query) { q.Weights = recall.Weights{recall.Dense: -1} }, "heavy": func(q *recall.Query) { q.Weights = recall.Weights{recall.Dense: 101} },
		"not a number": func(q *recall.Query) { q.Weights = recall.Weights{recall.Dense: math.NaN()} },
		"deep":         func(q *recall.Query) { q.Expand = &recall.Expand{Depth: 3} }, "shallow": func(q *recall.Query) { q.Expand = &recall.Expand{} },
		"weight": func(q *recall.Query) { q.Expand = &recall.Expand{Depth: 1, MinWeight: 1.1} },
	} {
		q := good
		change(&q)
		if _, err := recall.New(g.Set).Recall(t.Context(), graphtest.Scope, q); !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
}

// TestLegsThatFail wants the answer to stand on the legs that can be asked.
func TestLegsThatFail(t *testing.T) {
	g := graphtest.NewSample(t)
	down := func(names ...string) {
		g.Break(func(op resilience.Op) error {
			if slices.Contains(names, op.Name) {
				return stores.Unavailable(op.Backend, nil)
			}
			return nil
		})
	}
	for broken, leg := range map[string]recall.Leg{"embedder.embed": recall.Dense, "episodes.adjacent": recall.Session, "relationships.byNode": recall.Graph} {
		down(broken)
		a := ask(t, g, recall.Query{Text: "ledger", Expand: &recall.Expand{Depth: 1}})
		if i := slices.Index(legs(a), leg); len(a.Hits) == 0 || i < 0 || !errors.Is(a.Legs[i].Err, stores.ErrUnavailable) {
			t.Errorf("without %s: %d hits, legs %+v", broken, len(a.Hits), a.Legs)
		}
	}
	down("episodes.byId")
	a := ask(t, g, recall.Query{Text: "ledger", First: 5})
	if !errors.Is(a.Err, stores.ErrUnavailable) || len(a.Hits) != 5 || slices.ContainsFunc(a.Hits, func(h recall.Hit) bool { return h.Node.Ref().Kind == stores.KindEpisode }) {
		t.Errorf("without episodes: %d hits, %v", len(a.Hits), a.Err)
	}
	lists := []string{"episodes.list", "entities.list", "procedures.list", "todos.list"}
	for _, broken := range [][]string{append(lists, "vectors.search"), {"episodes.byId", "entities.byId", "procedures.byId", "todos.byId"}} {
		down(broken...)
		if _, err := recall.New(g.Set).Recall(t.Context(), graphtest.Scope, recall.Query{Text: "ledger", First: 5}); !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("without %s: %v", broken, err)
		}
	}
	down("embedder.embed")
	if _, err := recall.New(g.Set).Recall(t.Context(), graphtest.Scope, recall.Query{Text: "ledger", First: 5, Weights: only(recall.Dense)}); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("without the only leg: %v", err)
	}
}

// TestGoneIsNotRecalled deletes from the record of truth behind the back of the vectors.
func TestGoneIsNotRecalled(t *testing.T) {
	g := graphtest.NewSample(t)
	q := recall.Query{Text: "duplicate key on accounts, sequences never advanced", First: 200}
	first := ask(t, g, q).Hits[0].Node.Ref()
	if _, err := g.Set.Episodes.Delete(t.Context(), graphtest.Scope, []stores.ID{first.ID}); err != nil {
		t.Fatal(err)
	}
	a := ask(t, g, q)
	if slices.ContainsFunc(a.Hits, func(h recall.Hit) bool { return h.Node.Ref() == first }) || len(a.Hits) < 50 {
		t.Errorf("%v is recalled among %d", first, len(a.Hits))
	}
}

// TestWithoutVectors wants the texts themselves to be searched for words, the rarest first, and legs that were not asked
// to have found nothing.
func TestWithoutVectors(t *testing.T) {
	g := graphtest.NewSample(t)
	g.Break(func(op resilience.Op) error {
		if op.Role == stores.RoleVectors || op.Name == "procedures.list" {
			return stores.Unavailable(op.Backend, nil)
		}
		return nil
	})
	since := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	a := ask(t, g, recall.Query{Text: "Who renewed the CERTIFICATE of the webhook?", First: 20, Where: recall.Where{Since: since}, Weights: recall.Weights{recall.Session: 0}})
	if !slices.Equal(legs(a), []recall.Leg{recall.Dense, recall.Keyword, recall.Text}) || a.Legs[2].Weight != 1 || !errors.Is(a.Legs[2].Err, stores.ErrUnavailable) {
		t.Errorf("%+v", a.Legs)
	}
	kinds := map[stores.Kind]bool{}
	for i, h := range a.Hits {
		if len(h.Legs) != 1 || h.Legs[0].Leg != recall.Text {
			t.Errorf("%v was found by %+v", h.Node.Ref(), h.Legs)
		}
		kinds[h.Node.Ref().Kind] = true
		e, ok := h.Node.(*stores.Episode)
		if ok && e.Timestamp.Before(since) {
			t.Errorf("%v is left out by the filter", h.Node.Ref())
		}
		if ok && i == 0 && !strings.Contains(strings.ToLower(e.Content), "certificate") {
			t.Errorf("the first hit is %q", e.Content)
		}
	}
	if len(a.Hits) == 0 || kinds[stores.KindProcedure] || !kinds[stores.KindEpisode] || !kinds[stores.KindTodo] {
		t.Errorf("%d hits of %v", len(a.Hits), kinds)
	}
	for _, q := range []recall.Query{{Text: "?! ---", First: 1}, {Text: "qwertyuiop", First: 1}} {
		if a, err := recall.New(g.Set).Recall(t.Context(), graphtest.Scope, q); !errors.Is(err, stores.ErrUnavailable) && (err != nil || len(a.Hits) > 0) {
			t.Errorf("%s: %v", q.Text, err)
		}
	}
	if _, err := recall.New(g.Set).Recall(stores.Strong(t.Context()), graphtest.Scope, recall.Query{Text: "webhook", First: 1}); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("strongly: %v", err)
	}
	if _, err := recall.New(g.Set).Recall(t.Context(), graphtest.Scope, recall.Query{Text: "webhook", First: 1, Weights: recall.Weights{recall.Keyword: 0}}); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("by meaning alone: %v", err)
	}
}
