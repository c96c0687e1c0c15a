package storestest

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"thalamus/stores"
)

// near compares weights that two programs computed.
func near(t testing.TB, what string, want, got float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(want-got) > 1e-9 {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// weighed makes three edges of the given weights, last used an hour ago.
func weighed(b edges, weights ...float64) []*stores.Relationship {
	b.t.Helper()
	ends := b.entities(len(weights) + 1)
	items := make([]*stores.Relationship, len(weights))
	for i, weight := range weights {
		items[i] = b.edge(ends[i], ends[i+1])
		items[i].Weight, items[i].CoAccessCount = weight, 3+i
		items[i].LastCoAccessAt = stores.Now().Add(-time.Hour)
		items[i].Metadata = map[string]any{"n": float64(i)}
	}
	b.save(items...)
	return items
}

func testStrengthen(b edges) {
	items := weighed(b, 0, 0.1, 0.6, 1)
	bystander := b.edge(b.ends[4], b.ends[0])
	b.save(bystander)
	far := b.at(newScope())
	ids, at := append(b.ids(items), stores.NewID()), stores.Now()
	got, err := b.set.Relationships.Strengthen(b.ctx(), far.scope, ids, 0.3, at)
	noError(b.t, err)
	same(b.t, "foreign edges strengthened", 0, len(got))

	got, err = b.set.Relationships.Strengthen(b.ctx(), b.scope, ids, 0.3, at)
	noError(b.t, err)
	same(b.t, "edges strengthened", len(items), len(got))
	stored := b.get(nil, ids...)
	for _, old := range items {
		changed := got[old.ID]
		if changed == nil {
			b.t.Fatalf("edge %s is missing from the answer", old.ID)
		}
		same(b.t, "strengthened edge as answered and as stored", changed, stored[old.ID])
		near(b.t, "strengthened weight", old.Weight+0.3*(1-old.Weight), changed.Weight)
		same(b.t, "uses", old.CoAccessCount+1, changed.CoAccessCount)
		same(b.t, "last use", at, changed.LastCoAccessAt)
		unchanged(b, old, changed, "Weight", "CoAccessCount", "LastCoAccessAt", "UpdatedAt", "Version")
	}
	b.holds("an edge that was not strengthened", bystander)
	none, err := b.set.Relationships.Strengthen(b.ctx(), b.scope, nil, 0.3, at)
	noError(b.t, err)
	same(b.t, "edges strengthened by no ids", 0, len(none))
}

func testWeaken(b edges) {
	items := weighed(b, 0, 0.1, 0.6, 1)
	ids := append(b.ids(items), stores.NewID())
	foreign, err := b.set.Relationships.Weaken(b.ctx(), newScope(), ids, 0.3, stores.Now())
	noError(b.t, err)
	same(b.t, "foreign edges weakened", 0, len(foreign))
	got, err := b.set.Relationships.Weaken(b.ctx(), b.scope, ids, 0.3, stores.Now())
	noError(b.t, err)
	same(b.t, "edges weakened", len(items), len(got))
	stored := b.get(nil, ids...)
	for _, old := range items {
		changed := got[old.ID]
		if changed == nil {
			b.t.Fatalf("edge %s is missing from the answer", old.ID)
		}
		same(b.t, "weakened edge as answered and as stored", changed, stored[old.ID])
		near(b.t, "weakened weight", old.Weight*0.7, changed.Weight)
		unchanged(b, old, changed, "Weight", "UpdatedAt", "Version")
	}
}

// unchanged wants two states of an edge to differ in the named fields at most.
func unchanged(b edges, old, now *stores.Relationship, except ...string) {
	b.t.Helper()
	if d := diff(old, now, cmpopts.IgnoreFields(stores.Relationship{}, except...)); d != "" {
		b.t.Errorf("more than the weight changed (-before +after):\n%s", d)
	}
}

func testStrengthenRace(b edges) {
	item := weighed(b, 0.2)[0]
	noError(b.t, errors.Join(race(func(int) error {
		_, err := b.set.Relationships.Strengthen(b.ctx(), b.scope, []stores.ID{item.ID}, 0.1, stores.Now())
		return err
	})...))
	got := b.get(nil, item.ID)[item.ID]
	near(b.t, "weight after concurrent uses", 1-0.8*math.Pow(0.9, writers), got.Weight)
	same(b.t, "uses", item.CoAccessCount+writers, got.CoAccessCount)
}

func testDecay(b edges) {
	limit := stores.Now().Add(-24 * time.Hour)
	stale, justStale := limit.Add(-time.Hour), limit.Add(-time.Microsecond)
	items := weighed(b, 0.8, 0.12, 0.05, 0.01, 0.8, 0)
	for i, at := range []time.Time{stale, stale, justStale, limit, limit.Add(time.Hour), stale} {
		items[i].LastCoAccessAt = at
	}
	b.save(items...)
	far := b.at(newScope())
	foreign := weighed(far, 0.01)[0]
	foreign.LastCoAccessAt = stale
	far.save(foreign)

	got, err := b.set.Relationships.Decay(b.ctx(), b.scope, stores.Decay{StaleBefore: limit, Rate: 0.25, MinWeight: 0.1})
	noError(b.t, err)
	// 0.12 fell to 0.09, so it goes, with 0.05 and 0; those in use stay, however faint.
	same(b.t, "what faded", stores.Faded{Decayed: 4, Pruned: 3}, got)
	stored := b.get(nil, b.ids(items)...)
	for i, want := range []float64{0.6, -1, -1, 0.01, 0.8, -1} {
		r := stored[items[i].ID]
		if want < 0 {
			same(b.t, "a faint stale edge is there", false, r != nil)
			continue
		}
		if r == nil {
			b.t.Errorf("edge %d is gone", i)
			continue
		}
		near(b.t, "weight", want, r.Weight)
		unchanged(b, items[i], r, "Weight", "UpdatedAt", "Version")
	}
	b.holds("an edge in use", items[4])
	far.holds("a foreign edge", foreign)

	again, err := b.set.Relationships.Decay(b.ctx(), b.scope, stores.Decay{StaleBefore: stale, Rate: 1, MinWeight: 1})
	noError(b.t, err)
	same(b.t, "what faded when nothing is stale", stores.Faded{}, again)
}

func testDecayWhere(b edges) {
	items := weighed(b, 0.5, 0.5, 0.01, 0.01)
	for i := range items {
		items[i].Type = []stores.RelationType{"USES", "CAUSES"}[i%2]
	}
	b.remove(b.ids(items)...)
	b.save(items...)
	decay := stores.Decay{StaleBefore: stores.Now(), Rate: 0.5, MinWeight: 0.1, Where: stores.Where("type", stores.Eq, "USES")}
	got, err := b.set.Relationships.Decay(b.ctx(), b.scope, decay)
	noError(b.t, err)
	same(b.t, "what faded", stores.Faded{Decayed: 2, Pruned: 1}, got)
	near(b.t, "weight of an edge of the type", 0.25, b.get(nil, items[0].ID)[items[0].ID].Weight)
	same(b.t, "faint edges of the type", 0, len(b.get(nil, items[2].ID)))
	b.holds("an edge of another type", items[1])
	b.holds("a faint edge of another type", items[3])
	decay.Where = stores.Where("nosuchfield", stores.Eq, "x")
	_, err = b.set.Relationships.Decay(b.ctx(), b.scope, decay)
	refused(b.t, "decay where an unknown field", err, stores.ErrInvalid)
	// Which edges it is about is decided before they fade: 0.25 falls out of the filter, and goes.
	decay.Where, decay.MinWeight = stores.Where("weight", stores.Gte, 0.2), 0.2
	got, err = b.set.Relationships.Decay(b.ctx(), b.scope, decay)
	noError(b.t, err)
	same(b.t, "what faded by weight", stores.Faded{Decayed: 2, Pruned: 1}, got)
	same(b.t, "edges left", 2, b.total(stores.Filter{}))
}

// testDecayAgain runs a decay again at its instant: it passes over what it changed before, and what others changed later.
func testDecayAgain(b edges) {
	at := stores.Now().Add(-time.Minute)
	items := weighed(b, 0.8, 0.11, 0.5, 0.5)
	for i, updated := range []time.Time{at.Add(-time.Microsecond), at.Add(-time.Hour), at, at.Add(time.Second)} {
		items[i].UpdatedAt = updated
	}
	b.save(items...)
	decay := stores.Decay{StaleBefore: stores.Now(), Rate: 0.25, MinWeight: 0.1, At: at}
	for i, want := range []stores.Faded{{Decayed: 2, Pruned: 1}, {}, {Decayed: 1}, {}} {
		if i == 2 {
			missed := *items[3]
			missed.ID, missed.Label, missed.UpdatedAt = stores.NewID(), "missed the first time", at.Add(-time.Hour)
			b.save(&missed)
		}
		got, err := b.set.Relationships.Decay(b.ctx(), b.scope, decay)
		noError(b.t, err)
		same(b.t, "what faded", want, got)
		r := b.get(nil, items[0].ID)[items[0].ID]
		near(b.t, "weight", 0.6, r.Weight)
		same(b.t, "the instant of the change", at, r.UpdatedAt)
		unchanged(b, items[0], r, "Weight", "UpdatedAt", "Version")
		b.holds("an edge that was changed at that instant", items[2])
		b.holds("an edge that was changed later", items[3])
	}
}
