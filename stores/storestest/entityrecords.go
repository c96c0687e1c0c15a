package storestest

import (
	"context"
	"fmt"
	"testing"

	"thalamus/stores"
)

// EntityRecords asks whether a backend keeps the contract of [stores.EntityRecords].
func EntityRecords(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	nounSuite(s, open, entityRecordNoun)
	run := func(name string, fn func(bench[stores.EntityRecord])) {
		s.run(name, func(w *world) { fn(bench[stores.EntityRecord]{w, entityRecordNoun(w.set)}) })
	}
	run("ByName", testByName)
	run("NameConflict", testNameConflict)
	run("SupersededNames", testSupersededNames)
	run("NameRace", testNameRace)
	run("Versions", testRecordVersions)
}

func entityRecordNoun(set *stores.Set) noun[stores.EntityRecord] {
	c := set.EntityRecords
	return noun[stores.EntityRecord]{
		spec: stores.EntityRecordSpec,
		byID: c.ByID, list: c.List, put: c.Put, drop: c.Delete,
		random: randomEntityRecord, rich: richEntityRecord, bare: bareEntityRecord,
		head: func(r *stores.EntityRecord) head { return head{id: &r.ID, scope: &r.Scope} },
		texts: func(r *stores.EntityRecord) []text {
			return []text{{"name", &r.Name, stores.MaxName}, {"content", &r.Content, stores.MaxContent}}
		},
		value: entityRecordValue,
		strip: func(r *stores.EntityRecord, f stores.Field) {
			switch f {
			case "content":
				r.Content = ""
			case "metadata":
				r.Metadata = nil
			}
		},
		more: func(w *world, r *stores.EntityRecord) []call {
			c, s := w.set.EntityRecords, w.scope
			return []call{{"ByName", ask(func(ctx context.Context) (map[string]*stores.EntityRecord, error) {
				return c.ByName(ctx, s, []string{r.Name})
			})}}
		},
	}
}

func randomEntityRecord(w *world, i int) *stores.EntityRecord {
	r := &stores.EntityRecord{
		ID: stores.NewID(), Scope: w.scope, Name: w.word(), Current: w.chance(), Content: w.maybe(), Keywords: w.wordList(), Aliases: w.wordList(),
		Metadata: w.object(), CreatedAt: w.instant(), UpdatedAt: w.instant(),
	}
	if r.Current {
		r.Name = fmt.Sprintf("%s %d", r.Name, i)
	}
	return r
}

func richEntityRecord(w *world, s string) *stores.EntityRecord {
	r := &stores.EntityRecord{
		ID: stores.NewID(), Scope: w.scope, Name: s, Current: true, Content: s, Keywords: []string{s, "z", "a", s}, Aliases: []string{"b", s},
		Metadata: everything(s), CreatedAt: stores.Now(), UpdatedAt: stores.Now(), Version: 7,
	}
	before := *r
	before.Name, before.Version = "before "+s, 6
	r.Before = &before
	return r
}

func bareEntityRecord(w *world) *stores.EntityRecord { return named(w, "bare") }

// named is a current record of the given name.
func named(w *world, name string) *stores.EntityRecord {
	return &stores.EntityRecord{ID: stores.NewID(), Scope: w.scope, Name: name, Current: true, CreatedAt: stores.Now(), UpdatedAt: stores.Now()}
}

func entityRecordValue(r *stores.EntityRecord, f stores.Field) any {
	return map[stores.Field]any{
		"id": string(r.ID), "name": r.Name, "current": r.Current, "content": optional(r.Content), "keywords": optionalList(r.Keywords),
		"aliases": optionalList(r.Aliases), "createdAt": r.CreatedAt, "updatedAt": r.UpdatedAt,
	}[f]
}

// byName reads the current records of names.
func byName(b bench[stores.EntityRecord], names ...string) map[string]*stores.EntityRecord {
	b.t.Helper()
	got, err := b.set.EntityRecords.ByName(b.ctx(), b.scope, names)
	noError(b.t, err)
	return got
}

// similarNames are names that a careless comparison takes for one another.
func similarNames() []string {
	return append([]string{"Ann", "ann", "ANN", "Ann ", " Ann", "Änn", "A\u0308nn", "An", "Ann%", "A_n", "strasse"}, hostile...)
}

func testByName(b bench[stores.EntityRecord]) {
	names := similarNames()
	want := map[string]*stores.EntityRecord{}
	var items []*stores.EntityRecord
	for _, name := range names {
		want[name] = named(b.world, name)
		items = append(items, want[name])
	}
	old := named(b.world, "superseded")
	old.Current = false
	b.save(append(items, old)...)
	same(b.t, "records by name", want, byName(b, append(names, "aNN", "Ann  ", "superseded", "", "Ann", names[0])...))
	same(b.t, "records by no name", 0, len(byName(b)))
	same(b.t, "foreign records by name", 0, len(byName(b.at(newScope()), names...)))

	rich := richEntityRecord(b.world, "rich")
	b.save(rich)
	same(b.t, "all fields by name", rich, byName(b, "rich")["rich"])
	many := make([]string, 5000)
	for i := range many {
		many[i] = fmt.Sprintf("nobody %d", i)
	}
	same(b.t, "one known among many names", 1, len(byName(b, append(many, "rich")...)))
}

func testNameConflict(b bench[stores.EntityRecord]) {
	taken, other := named(b.world, "taken"), named(b.world, "other")
	b.save(taken, other)
	put := func(items ...*stores.EntityRecord) error { return b.put(b.ctx(), b.scope, items) }
	refused(b.t, "a new record of a taken name", put(named(b.world, "free"), named(b.world, "taken"), named(b.world, "free too")), stores.ErrConflict)
	refused(b.t, "two new records of one name", put(named(b.world, "twice"), named(b.world, "twice")), stores.ErrConflict)
	renamed := *other
	renamed.Name = "taken"
	refused(b.t, "a rename to a taken name", put(&renamed), stores.ErrConflict)
	back := named(b.world, "taken")
	back.Current = false
	b.save(back)
	revived := *back
	revived.Current = true
	refused(b.t, "a superseded record that becomes current again", put(&revived), stores.ErrConflict)

	b.holds("the record that has the name", taken)
	b.holds("the record that was to be renamed", other)
	b.holds("the superseded record", back)
	same(b.t, "records", 3, b.total(stores.Filter{}))
	b.save(taken)
	far := b.at(newScope())
	far.save(named(far.world, "taken"))
	b.remove(taken.ID)
	b.save(&renamed)
	same(b.t, "the name after its owner was deleted", &renamed, byName(b, "taken")["taken"])
}

// testSupersededNames keeps any number of superseded records of one name beside the current one, and hands the name on
// within one batch.
func testSupersededNames(b bench[stores.EntityRecord]) {
	current := named(b.world, "a fact")
	b.save(current)
	for range 4 {
		old := *current
		old.Current = false
		next := named(b.world, "a fact")
		b.save(&old, next)
		b.holds("superseded", &old)
		same(b.t, "current record of the name", next, byName(b, "a fact")["a fact"])
		current = next
	}
	same(b.t, "records of the name", 5, b.total(stores.Where("name", stores.Eq, "a fact")))
	same(b.t, "current records of the name", 1, b.total(stores.Where("current", stores.Eq, true)))
}

// testRecordVersions writes a record as a change of both parts does: with the one before until the change is done.
func testRecordVersions(b bench[stores.EntityRecord]) {
	first := named(b.world, "a name")
	first.Version = 1
	b.save(first)
	second := *first
	second.Name, second.Version, second.Before = "another name", 2, first
	b.save(&second)
	got := b.get(nil, first.ID)[first.ID]
	for version, want := range map[int]*stores.EntityRecord{1: first, 2: &second, 3: &second} {
		same(b.t, fmt.Sprintf("the record as it belongs to version %d", version), want, got.At(version))
	}
	same(b.t, "the record by its name", &second, byName(b, "another name")["another name"])
	same(b.t, "the record by the name before", 0, len(byName(b, "a name")))
	second.Before = nil
	b.save(&second)
	b.holds("the record after its change", &second)
}

func testNameRace(b bench[stores.EntityRecord]) {
	items := make([]*stores.EntityRecord, writers)
	for i := range items {
		items[i] = named(b.world, "wanted")
	}
	oneWinner(b.t, race(func(i int) error { return b.put(b.ctx(), b.scope, items[i:i+1]) }), stores.ErrConflict)
	same(b.t, "records of the name", 1, b.total(stores.Filter{}))
}
