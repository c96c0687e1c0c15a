package storestest

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"thalamus/stores"
)

// Episodes asks whether a backend keeps the contract of [stores.Episodes]. The set must have entities, to be mentioned.
func Episodes(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	nounSuite(s, open, episodeNoun)
	run := func(name string, fn func(bench[stores.Episode])) {
		s.run(name, func(w *world) { fn(bench[stores.Episode]{w, episodeNoun(w.set)}) })
	}
	run("ByEntity", testEpisodesByEntity)
	run("Mentions", testMentions)
	run("MissingMention", testMissingMention)
	run("Positions", testPositions)
	run("PositionRace", testPositionRace)
	run("Adjacent", testAdjacent)
}

func episodeNoun(set *stores.Set) noun[stores.Episode] {
	c := set.Episodes
	return noun[stores.Episode]{
		spec: stores.EpisodeSpec,
		byID: c.ByID, list: c.List, count: c.Count, put: c.Put, swap: c.Swap, drop: c.Delete,
		random: randomEpisode, rich: richEpisode, bare: bareEpisode,
		head: func(e *stores.Episode) head { return head{&e.ID, &e.Scope, &e.Version} },
		texts: func(e *stores.Episode) []text {
			x := &e.Context
			return []text{
				{"sessionId", &e.SessionID, 128}, {"content", &e.Content, stores.MaxContent}, {"context.project", &x.Project, 500},
				{"context.file", &x.File, 1000}, {"context.tool", &x.Tool, 200}, {"context.gitBranch", &x.GitBranch, 500},
			}
		},
		value: episodeValue,
		strip: func(e *stores.Episode, f stores.Field) {
			switch f {
			case "content":
				e.Content = ""
			case "context":
				e.Context = stores.EpisodeContext{}
			case "capsule":
				e.Capsule = nil
			}
		},
		equal: cmpopts.SortSlices(func(a, b stores.ID) bool { return a < b }),
		more: func(w *world, e *stores.Episode) []call {
			c, s, ids := w.set.Episodes, w.scope, []stores.ID{e.ID}
			return []call{
				{"ByEntity", ask(func(ctx context.Context) (map[stores.ID]stores.Slice[*stores.Episode], error) {
					return c.ByEntity(ctx, s, ids, stores.Query{Page: stores.Page{First: 1}})
				})},
				{"Adjacent", ask(func(ctx context.Context) (map[stores.ID]stores.Adjacent, error) { return c.Adjacent(ctx, s, ids) })},
			}
		},
	}
}

func randomEpisode(w *world, i int) *stores.Episode {
	e := &stores.Episode{
		ID: stores.NewID(), Scope: w.scope, SessionID: w.word(), Content: w.word(), Outcome: pick(w, stores.Outcomes),
		Context:   stores.EpisodeContext{Project: w.maybe(), File: w.maybe(), Tool: w.maybe(), Cwd: w.maybe(), GitBranch: w.maybe(), Extra: w.object()},
		Timestamp: w.instant(), IngestedAt: w.instant(), UpdatedAt: w.instant(), Position: new(i),
		EmotionalValence: w.unit(), Stability: w.days(), AccessCount: w.times(), LastAccessedAt: w.instant(), Version: 1,
	}
	e.EndTimestamp = w.later(e.Timestamp)
	if w.chance() {
		e.DurationMs = new(w.rand.IntN(3))
	}
	if w.chance() {
		e.PredictionError, e.PredictionErrorAt = new(w.unit()-0.5), new(w.instant())
	}
	if w.chance() {
		e.Capsule = &stores.Capsule{Confidence: new(w.unit())}
	}
	e.Mentions = slices.Clone(w.entities(5)[:w.rand.IntN(5)])
	return e
}

func richEpisode(w *world, s string) *stores.Episode {
	e := randomEpisode(w, 0)
	e.SessionID, e.Content = s, s
	e.Context = stores.EpisodeContext{Project: s, File: s, Tool: s, Cwd: s, GitBranch: s, TimestampLocal: s, Extra: everything(s)}
	e.EndTimestamp, e.DurationMs = new(e.Timestamp.Add(time.Hour)), new(1<<40)
	e.PredictionError, e.PredictionErrorAt = new(-0.1), new(w.instant())
	poses := make([]float64, 2*16)
	for i := range poses {
		poses[i] = w.rand.NormFloat64()
	}
	e.Capsule = &stores.Capsule{
		Poses: poses, Activations: []float64{0, 1e-300, 0.1}, RoutingAgreement: new(0.0), MeanActivation: new(-1.5),
		Confidence: new(1.0), Novelty: new(0.1), Goodness: new(1e300), Agreement: new(2.0 / 3),
	}
	e.Mentions = slices.Clone(w.entities(3))
	return e
}

func bareEpisode(w *world) *stores.Episode {
	e := &stores.Episode{Scope: w.scope, SessionID: "bare", Content: "bare", Position: new(0)}
	e.SetDefaults(stores.Now())
	return e
}

func episodeValue(e *stores.Episode, f stores.Field) any {
	return map[stores.Field]any{
		"id": string(e.ID), "sessionId": e.SessionID, "content": e.Content, "outcome": string(e.Outcome),
		"context.project": optional(e.Context.Project), "context.file": optional(e.Context.File),
		"context.tool": optional(e.Context.Tool), "context.gitBranch": optional(e.Context.GitBranch),
		"timestamp": e.Timestamp, "endTimestamp": optionalTime(e.EndTimestamp), "ingestedAt": e.IngestedAt, "updatedAt": e.UpdatedAt,
		"durationMs": optionalNumber(e.DurationMs), "sequencePosition": optionalNumber(e.Position),
		"emotionalValence": e.EmotionalValence, "stability": e.Stability, "accessCount": float64(e.AccessCount),
		"lastAccessedAt": e.LastAccessedAt, "predictionError": optionalNumber(e.PredictionError),
		"predictionErrorAt": optionalTime(e.PredictionErrorAt), "version": float64(e.Version),
	}[f]
}

func testEpisodesByEntity(b bench[stores.Episode]) {
	entities := b.entities(4)
	items := b.some(60)
	byEntity := map[stores.ID][]*stores.Episode{}
	for i, e := range items {
		e.Mentions = slices.Clone(entities[1+i%3:][:1]) // entity 0 is mentioned nowhere, entity 3 less often than 1
		if i%5 == 0 {
			e.Mentions = slices.Clone(entities[1:])
		}
		for _, id := range e.Mentions {
			byEntity[id] = append(byEntity[id], e)
		}
	}
	b.save(items...)
	children[stores.Episode]{b, b.set.Episodes.ByEntity}.test(entities, byEntity)
}

func testMentions(b bench[stores.Episode]) {
	ids := b.entities(3)
	e := b.mentioning(ids[0], ids[1], ids[0])
	same(b.t, "mentions given twice", slices.Sorted(slices.Values(ids[:2])), b.mentions(e.ID))
	e.Mentions = ids[2:]
	b.save(e)
	same(b.t, "mentions after a put", ids[2:3], b.mentions(e.ID))
	e.Mentions, e.Version = ids[:1], 2
	noError(b.t, b.swap(b.ctx(), b.scope, e))
	same(b.t, "mentions after a swap", ids[:1], b.mentions(e.ID))
	e.Mentions = nil
	b.save(e)
	same(b.t, "mentions after a put without any", 0, len(b.mentions(e.ID)))

	e.Mentions = ids[:2]
	b.save(e)
	b.remove(e.ID)
	e.Mentions = nil
	b.save(e)
	same(b.t, "mentions of an episode that was deleted and came back", 0, len(b.mentions(e.ID)))
}

func testMissingMention(b bench[stores.Episode]) {
	far := b.at(newScope())
	for what, id := range map[string]stores.ID{"unknown": stores.NewID(), "foreign": far.entities(1)[0], "malformed": "x"} {
		good, bad := b.random(b.world, 0), b.random(b.world, 1)
		bad.Mentions = append(slices.Clone(b.entities(1)), id)
		refused(b.t, "mention of an "+what+" entity", b.put(b.ctx(), b.scope, []*stores.Episode{good, bad}), stores.ErrNotFound)
		same(b.t, "episodes written", 0, b.total(stores.Filter{}))
	}
	item := b.random(b.world, 2)
	b.save(item)
	edit := *item
	edit.Content, edit.Version, edit.Mentions = "edited", 2, []stores.ID{stores.NewID()}
	refused(b.t, "swap that mentions an unknown entity", b.swap(b.ctx(), b.scope, &edit), stores.ErrNotFound)
	refused(b.t, "put that mentions an unknown entity", b.put(b.ctx(), b.scope, []*stores.Episode{&edit}), stores.ErrNotFound)
	b.holds("after refused writes", item)
}

// step is an episode of a session that has no position yet.
func (w *world) step(session string) *stores.Episode {
	e := &stores.Episode{Scope: w.scope, SessionID: session, Content: "a step"}
	e.SetDefaults(stores.Now())
	return e
}

func testPositions(b bench[stores.Episode]) {
	position := func(what string, e *stores.Episode, want int) {
		b.t.Helper()
		if e.Position == nil || *e.Position != want {
			b.t.Errorf("%s was given position %v, want %d", what, show(stores.Where("", "", optionalNumber(e.Position))), want)
			return
		}
		b.holds(what, e)
	}
	first, second, other, third := b.step("a"), b.step("a"), b.step("A"), b.step("a")
	b.save(first, second, other, third)
	position("the first of a batch", first, 0)
	position("the second of a batch", second, 1)
	position("the third of a batch", third, 2)
	position("the first of another session", other, 0)

	jump, next, last := b.step("a"), b.step("a"), b.step("a")
	jump.Position = new(10)
	b.save(jump, next)
	b.save(last)
	position("an episode with a position", jump, 10)
	position("the next one of the batch", next, 11)
	position("the one after the batch", last, 12)

	again := *second
	again.Position, again.Content = nil, "again"
	b.save(&again)
	if again.Position == nil {
		b.t.Fatal("an episode put again was given no position")
	}
	b.holds("put again without a position", &again)
	far := b.at(newScope())
	alone := far.step("a")
	far.save(alone)
	same(b.t, "position of the first step of the same session in another scope", 0, *alone.Position)
}

func testPositionRace(b bench[stores.Episode]) {
	steps := make([][]*stores.Episode, writers)
	for i := range steps {
		steps[i] = []*stores.Episode{b.step("race"), b.step("race")}
	}
	errs := race(func(i int) error { return b.put(b.ctx(), b.scope, steps[i]) })
	seen := map[int]bool{}
	for i, err := range errs {
		noError(b.t, err)
		for _, e := range steps[i] {
			if e.Position == nil {
				b.t.Fatal("an episode was given no position")
			}
			if seen[*e.Position] {
				b.t.Errorf("position %d was given twice", *e.Position)
			}
			seen[*e.Position] = true
			b.holds("after concurrent puts", e)
		}
	}
}

func testAdjacent(b bench[stores.Episode]) {
	items := make([]*stores.Episode, 12)
	for i := range items {
		items[i] = b.step([]string{"a", "A", "alone"}[i%3])
		items[i].Position = new([]int{5, 5, 3, 9}[i/3]) // two share a position
	}
	items = append(items[:5], append(items[6:8], items[9:]...)...)
	b.rand.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	b.save(items...)

	sessions := map[string][]*stores.Episode{}
	for _, e := range items {
		sessions[e.SessionID] = append(sessions[e.SessionID], e)
	}
	want := map[stores.ID]stores.Adjacent{}
	for _, list := range sessions {
		slices.SortFunc(list, func(x, y *stores.Episode) int {
			return cmp.Or(cmp.Compare(*x.Position, *y.Position), cmp.Compare(x.ID, y.ID))
		})
		for i, e := range list {
			var a stores.Adjacent
			if i > 0 {
				a.Previous = list[i-1].ID
			}
			if i < len(list)-1 {
				a.Next = list[i+1].ID
			}
			want[e.ID] = a
		}
	}
	got, err := b.set.Episodes.Adjacent(b.ctx(), b.scope, append(b.ids(items), stores.NewID(), items[0].ID))
	noError(b.t, err)
	same(b.t, "neighbours", want, got)
	foreign, err := b.set.Episodes.Adjacent(b.ctx(), newScope(), b.ids(items))
	noError(b.t, err)
	same(b.t, "neighbours of foreign episodes", 0, len(foreign))
}
