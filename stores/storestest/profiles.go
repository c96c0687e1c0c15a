package storestest

import (
	"context"
	"errors"
	"testing"

	"thalamus/stores"
)

// Profiles asks whether a backend keeps the contract of [stores.Profiles].
func Profiles(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	nounSuite(s, open, profileNoun)
	run := func(name string, fn func(bench[stores.Profile])) {
		s.run(name, func(w *world) { fn(bench[stores.Profile]{w, profileNoun(w.set)}) })
	}
	run("Of", testProfileOf)
	run("OnePerScope", testOnePerScope)
	run("OnePerScopeRace", testOnePerScopeRace)
}

func profileNoun(set *stores.Set) noun[stores.Profile] {
	c := set.Profiles
	return noun[stores.Profile]{
		spec: stores.ProfileSpec, perScope: 1,
		byID: c.ByID, list: c.List, count: c.Count, put: c.Put, swap: c.Swap, drop: c.Delete,
		random: randomProfile, rich: richProfile, bare: bareProfile,
		head: func(p *stores.Profile) head { return head{&p.ID, &p.Scope, &p.Version} },
		texts: func(p *stores.Profile) []text {
			return []text{{"content", &p.Content, stores.MaxContent}, {"summary", &p.Summary, 2000}}
		},
		value: profileValue,
		strip: func(p *stores.Profile, f stores.Field) {
			switch f {
			case "content":
				p.Content = ""
			case "metadata":
				p.Metadata = nil
			}
		},
		more: func(w *world, _ *stores.Profile) []call {
			c, s := w.set.Profiles, w.scope
			return []call{{"Of", ask(func(ctx context.Context) (*stores.Profile, error) { return c.Of(ctx, s, nil) })}}
		},
	}
}

func randomProfile(w *world, _ int) *stores.Profile {
	return &stores.Profile{
		ID: stores.NewID(), Scope: w.scope, Content: w.word(), Summary: w.maybe(), Keywords: w.wordList(), Entities: w.wordList(),
		Importance: w.rand.IntN(11), Metadata: w.object(), CreatedAt: w.instant(), UpdatedAt: w.instant(), Version: 1,
	}
}

func richProfile(w *world, s string) *stores.Profile {
	p := randomProfile(w, 0)
	p.Content, p.Summary, p.Keywords, p.Entities, p.Metadata = s, s, []string{s, "z", "a", s}, []string{"b", s}, everything(s)
	p.Importance = 10
	return p
}

func bareProfile(w *world) *stores.Profile {
	p := &stores.Profile{Scope: w.scope, Content: "bare"}
	p.SetDefaults(stores.Now())
	return p
}

func profileValue(p *stores.Profile, f stores.Field) any {
	return map[stores.Field]any{
		"id": string(p.ID), "content": p.Content, "summary": optional(p.Summary), "keywords": optionalList(p.Keywords),
		"entities": optionalList(p.Entities), "importance": float64(p.Importance), "createdAt": p.CreatedAt, "updatedAt": p.UpdatedAt,
		"version": float64(p.Version),
	}[f]
}

func testProfileOf(b bench[stores.Profile]) {
	of := func(s stores.Scope, fields []stores.Field) *stores.Profile {
		b.t.Helper()
		got, err := b.set.Profiles.Of(b.ctx(), s, fields)
		noError(b.t, err)
		return got
	}
	if got := of(b.scope, nil); got != nil {
		b.t.Errorf("the profile of an empty scope is %+v", got)
	}
	item := b.rich(b.world, "text")
	b.save(item)
	same(b.t, "profile of its scope", item, of(b.scope, nil))
	light := *item
	light.Content = ""
	same(b.t, "profile with one heavy field", &light, of(b.scope, []stores.Field{"metadata"}))
	light.Metadata = nil
	same(b.t, "profile without heavy fields", &light, of(b.scope, []stores.Field{}))
	if got := of(newScope(), nil); got != nil {
		b.t.Errorf("the profile of a foreign scope is %+v", got)
	}
	b.remove(item.ID)
	if got := of(b.scope, nil); got != nil {
		b.t.Errorf("the profile of a scope after its delete is %+v", got)
	}
}

func testOnePerScope(b bench[stores.Profile]) {
	first := b.rich(b.world, "first")
	b.save(first)
	id := first.ID
	second := b.bare(b.world)
	b.save(second)
	same(b.t, "id that a second profile is given", id, second.ID)
	b.holds("the profile after a second one", second)
	third, fourth := b.bare(b.world), b.rich(b.world, "fourth")
	b.save(third, fourth)
	same(b.t, "id that a fourth profile is given", id, fourth.ID)
	b.holds("the profile after a batch of two", fourth)
	same(b.t, "profiles of the scope", 1, b.total(stores.Filter{}))

	far := b.at(newScope())
	one, two := far.bare(far.world), far.rich(far.world, "two")
	far.save(one, two)
	if one.ID != two.ID {
		b.t.Errorf("two profiles of one new scope were given the ids %s and %s", one.ID, two.ID)
	}
	far.holds("the later of two new profiles", two)
}

func testOnePerScopeRace(b bench[stores.Profile]) {
	items := make([]*stores.Profile, writers)
	for i := range items {
		items[i] = b.bare(b.world)
	}
	noError(b.t, errors.Join(race(func(i int) error { return b.put(b.ctx(), b.scope, items[i:i+1]) })...))
	same(b.t, "profiles of the scope", 1, b.total(stores.Filter{}))
	for _, p := range items {
		same(b.t, "id that a concurrent writer was given", items[0].ID, p.ID)
	}
}
