package storestest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"thalamus/stores"
)

// Entities asks whether a backend keeps the contract of [stores.Entities]. Mentions are tested when the set has episodes.
func Entities(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	nounSuite(s, open, entityNoun)
	run := func(name string, fn func(bench[stores.Entity])) {
		s.run(name, func(w *world) { fn(bench[stores.Entity]{w, entityNoun(w.set)}) })
	}
	run("ByName", testEntitiesByName)
	run("ByLineage", testByLineage)
	if s.set.Episodes != nil {
		run("ByEpisode", testEntitiesByEpisode)
		run("MentionsOutlivePut", testMentionsOutlivePut)
		run("DeleteRemovesMentions", testEntityDeleteRemovesMentions)
	}
}

func entityNoun(set *stores.Set) noun[stores.Entity] {
	c := set.Entities
	return noun[stores.Entity]{
		spec: stores.EntitySpec,
		byID: c.ByID, list: c.List, count: c.Count, put: c.Put, swap: c.Swap, drop: c.Delete,
		random: randomEntity, rich: richEntity, bare: bareEntity,
		head: func(e *stores.Entity) head { return head{&e.ID, &e.Scope, &e.Version} },
		texts: func(e *stores.Entity) []text {
			return []text{
				{"name", &e.Name, stores.MaxName}, {"label", &e.Label, 100}, {"summary", &e.Summary, 2000},
				{"details", &e.Details, 10_000}, {"source", &e.Source, 255},
			}
		},
		value: entityValue,
		strip: func(e *stores.Entity, f stores.Field) {
			switch f {
			case "summary":
				e.Summary = ""
			case "details":
				e.Details = ""
			}
		},
		more: func(w *world, e *stores.Entity) []call {
			c, s, ids := w.set.Entities, w.scope, []stores.ID{e.ID}
			return []call{
				{"ByName", ask(func(ctx context.Context) (map[string]*stores.Entity, error) {
					return c.ByName(ctx, s, []string{e.Name}, nil)
				})},
				{"ByEpisode", ask(func(ctx context.Context) (map[stores.ID][]*stores.Entity, error) {
					return c.ByEpisode(ctx, s, ids, nil)
				})},
				{"ByLineage", ask(func(ctx context.Context) (map[stores.ID][]*stores.Entity, error) {
					return c.ByLineage(ctx, s, ids, nil)
				})},
			}
		},
	}
}

func randomEntity(w *world, _ int) *stores.Entity {
	e := &stores.Entity{
		ID: stores.NewID(), Scope: w.scope, Name: w.word(), Type: pick(w, stores.EntityTypes), Label: w.maybe(), Summary: w.word(),
		Details: w.maybe(), Source: w.maybe(), ValidFrom: w.instant(), Stability: w.days(), AccessCount: w.times(),
		LastAccessedAt: w.instant(), CreatedAt: w.instant(), UpdatedAt: w.instant(), Version: 1,
	}
	e.ValidTo, e.Lineage = w.later(e.ValidFrom), e.ID
	if w.chance() {
		e.Lineage, e.Supersedes = stores.NewID(), stores.NewID()
	}
	if w.chance() {
		e.SupersededBy = stores.NewID()
	}
	return e
}

func richEntity(w *world, s string) *stores.Entity {
	e := randomEntity(w, 0)
	e.Name, e.Label, e.Summary, e.Details, e.Source = s, s, s, s, s
	e.ValidTo = new(e.ValidFrom.Add(time.Microsecond))
	e.Supersedes, e.SupersededBy = stores.NewID(), stores.NewID()
	return e
}

func bareEntity(w *world) *stores.Entity {
	e := &stores.Entity{Scope: w.scope, Name: "bare"}
	e.SetDefaults(stores.Now())
	return e
}

func entityValue(e *stores.Entity, f stores.Field) any {
	return map[stores.Field]any{
		"id": string(e.ID), "name": e.Name, "type": string(e.Type), "label": optional(e.Label), "summary": e.Summary,
		"details": optional(e.Details), "source": optional(e.Source), "validFrom": e.ValidFrom, "validTo": optionalTime(e.ValidTo),
		"lineage": string(e.Lineage), "supersedes": optional(e.Supersedes), "supersededBy": optional(e.SupersededBy),
		"stability": e.Stability, "accessCount": float64(e.AccessCount), "lastAccessedAt": e.LastAccessedAt,
		"createdAt": e.CreatedAt, "updatedAt": e.UpdatedAt, "version": float64(e.Version),
	}[f]
}

// entityNamed is a current entity of the given name.
func entityNamed(w *world, name string) *stores.Entity {
	e := bareEntity(w)
	e.Name = name
	return e
}

func testEntitiesByName(b bench[stores.Entity]) {
	read := func(b bench[stores.Entity], fields []stores.Field, names ...string) map[string]*stores.Entity {
		b.t.Helper()
		got, err := b.set.Entities.ByName(b.ctx(), b.scope, names, fields)
		noError(b.t, err)
		return got
	}
	want := map[string]*stores.Entity{}
	var items []*stores.Entity
	for _, name := range similarNames() {
		want[name] = entityNamed(b.world, name)
		items = append(items, want[name])
	}
	b.save(items...)
	names := append(similarNames(), "aNN", "Ann  ", "", "Ann")
	same(b.t, "entities by name", want, read(b, nil, names...))
	same(b.t, "entities by no name", 0, len(read(b, nil)))
	same(b.t, "foreign entities by name", 0, len(read(b.at(newScope()), nil, names...)))

	rich := b.rich(b.world, "rich")
	rich.SupersededBy = ""
	b.save(rich)
	same(b.t, "all fields by name", rich, read(b, nil, "rich")["rich"])
	light := *rich
	light.Details = ""
	same(b.t, "one heavy field by name", &light, read(b, []stores.Field{"summary"}, "rich")["rich"])
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("nobody %d", i)
	}
	same(b.t, "one known among many names", 1, len(read(b, nil, append(many, "rich")...)))

	// A fact that is superseded: at first both versions are current.
	second, third := entityNamed(b.world, "rich"), entityNamed(b.world, "rich")
	second.CreatedAt, third.CreatedAt = rich.CreatedAt.Add(time.Hour), rich.CreatedAt.Add(time.Minute)
	b.save(second, third)
	same(b.t, "the newest of three", second, read(b, nil, "rich")["rich"])
	for _, e := range []*stores.Entity{rich, second} {
		e.SupersededBy = third.ID
	}
	b.save(rich, second)
	same(b.t, "the one that was not superseded", third, read(b, nil, "rich")["rich"])
	third.Name = "renamed"
	b.save(third)
	same(b.t, "entities of a name that only superseded ones have", 0, len(read(b, nil, "rich")))
	same(b.t, "the entity by its new name", third, read(b, nil, "renamed")["renamed"])
}

func testByLineage(b bench[stores.Entity]) {
	start := stores.Now()
	versions := map[stores.ID][]*stores.Entity{}
	var all []*stores.Entity
	for n := range 3 {
		lineage := stores.NewID()
		for i := range 2*n + 1 {
			e := b.rich(b.world, "version")
			e.Lineage, e.Details = lineage, "a detail"
			e.ValidFrom, e.ValidTo, e.CreatedAt = start.Add(time.Duration(i)*time.Second), nil, start.Add(time.Duration(i)*time.Second)
			versions[lineage] = append(versions[lineage], e)
			all = append(all, e)
		}
		versions[lineage][0].ID = lineage
	}
	b.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	b.save(all...)
	lineages := []stores.ID{stores.NewID()}
	for id := range versions {
		lineages = append(lineages, id, id)
	}
	read := func(b bench[stores.Entity], fields []stores.Field) map[stores.ID][]*stores.Entity {
		got, err := b.set.Entities.ByLineage(b.ctx(), b.scope, lineages, fields)
		noError(b.t, err)
		return got
	}
	same(b.t, "versions of each lineage", versions, read(b, nil))
	for id, list := range read(b, []stores.Field{}) {
		for i, e := range list {
			want := *versions[id][i]
			want.Summary, want.Details = "", ""
			same(b.t, "version without its heavy fields", &want, e)
		}
	}
	same(b.t, "versions seen from another scope", 0, len(read(b.at(newScope()), nil)))
}

// mentioning stores an episode that mentions the entities.
func (w *world) mentioning(entities ...stores.ID) *stores.Episode {
	w.t.Helper()
	e := &stores.Episode{Scope: w.scope, SessionID: "s", Content: "an episode", Mentions: entities}
	e.SetDefaults(stores.Now())
	noError(w.t, w.set.Episodes.Put(w.ctx(), w.scope, []*stores.Episode{e}))
	return e
}

// mentions reads what an episode mentions, from the episode.
func (w *world) mentions(episode stores.ID) []stores.ID {
	w.t.Helper()
	got, err := w.set.Episodes.ByID(w.ctx(), w.scope, []stores.ID{episode}, nil)
	noError(w.t, err)
	if got[episode] == nil {
		w.t.Fatal("the episode is gone")
	}
	return slices.Sorted(slices.Values(got[episode].Mentions))
}

func testEntitiesByEpisode(b bench[stores.Entity]) {
	items := b.stored(20)
	want := map[stores.ID][]*stores.Entity{}
	episodes := []stores.ID{stores.NewID()}
	for n := range 5 {
		some := slices.Clone(items[n : 4*n])
		episode := b.mentioning(b.ids(some)...)
		slices.SortFunc(some, func(x, y *stores.Entity) int { return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID)) })
		if len(some) > 0 {
			want[episode.ID] = some
		}
		episodes = append(episodes, episode.ID, episode.ID)
	}
	read := func(s stores.Scope, fields []stores.Field) map[stores.ID][]*stores.Entity {
		got, err := b.set.Entities.ByEpisode(b.ctx(), s, episodes, fields)
		noError(b.t, err)
		for id, list := range got {
			if len(list) == 0 {
				delete(got, id)
			}
		}
		return got
	}
	same(b.t, "entities of each episode", want, read(b.scope, nil))
	for id, list := range read(b.scope, []stores.Field{"details"}) {
		for i, e := range list {
			light := *want[id][i]
			light.Summary = ""
			same(b.t, "mentioned entity with one heavy field", &light, e)
		}
	}
	same(b.t, "entities of foreign episodes", 0, len(read(newScope(), nil)))
	none, err := b.set.Entities.ByEpisode(b.ctx(), b.scope, nil, nil)
	noError(b.t, err)
	same(b.t, "entities of no episodes", 0, len(none))
}

// testMentionsOutlivePut replaces a mentioned entity: the mention is the episode's and stays.
func testMentionsOutlivePut(b bench[stores.Entity]) {
	item := b.stored(1)[0]
	episode := b.mentioning(item.ID)
	b.save(item)
	item.Version++
	noError(b.t, b.swap(b.ctx(), b.scope, item))
	same(b.t, "mentions after the entity was written again", []stores.ID{item.ID}, b.mentions(episode.ID))
}

func testEntityDeleteRemovesMentions(b bench[stores.Entity]) {
	items := b.stored(2)
	episode := b.mentioning(items[0].ID, items[1].ID)
	same(b.t, "deleted", 1, b.remove(items[0].ID))
	same(b.t, "mentions after a delete", []stores.ID{items[1].ID}, b.mentions(episode.ID))
	got, err := b.set.Episodes.ByEntity(b.ctx(), b.scope, b.ids(items), stores.Query{Page: stores.Page{First: 5}})
	noError(b.t, err)
	same(b.t, "episodes that mention the deleted entity", 0, len(got[items[0].ID].Items))
	same(b.t, "episodes that mention the other", 1, len(got[items[1].ID].Items))
	b.save(items[0])
	same(b.t, "mentions after the entity came back", []stores.ID{items[1].ID}, b.mentions(episode.ID))
}
