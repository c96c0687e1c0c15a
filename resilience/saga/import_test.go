package saga_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thalamus/resilience/saga"
	"thalamus/stores"
	"thalamus/stores/hashing"
	"thalamus/stores/sqlite"
)

// importing opens stores for one test of imports.
func importing(t *testing.T) (*saga.Writer, *stores.Set) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	set := &stores.Set{
		Episodes: db.Episodes(), Entities: db.Entities(), Procedures: db.Procedures(), Relationships: db.Relationships(),
		EntityRecords: db.EntityRecords(), Profiles: db.Profiles(), Todos: db.Todos(), Answers: db.Answers(), Journal: db.Journal(), Outbox: db.Outbox(),
		Vectors: db.Vectors(), Atomic: db.Atomic, Embedder: hashing.New(),
	}
	w := saga.New(set, saga.Options{})
	return w, set
}

var importScope = stores.NewScope("importer", "", "")

// fullBatch holds one noun of each kind, and two entities, joined with each other.
func fullBatch() saga.Batch {
	day := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	entity := saga.EntityParts{
		Entity: &stores.Entity{ID: stores.NewID(), Name: "osprey", Version: 4, CreatedAt: day, UpdatedAt: day},
		Record: &stores.EntityRecord{Content: "dives for fish", Aliases: []string{"sea hawk"}},
	}
	other := saga.EntityParts{Entity: &stores.Entity{ID: stores.NewID(), Name: "heron"}, Record: &stores.EntityRecord{}}
	episode := &stores.Episode{ID: stores.NewID(), SessionID: "s", Content: "saw it dive", Mentions: []stores.ID{entity.Entity.ID}, IngestedAt: day}
	return saga.Batch{
		Profiles:   []*stores.Profile{{ID: stores.NewID(), Content: "watches birds"}},
		Entities:   []saga.EntityParts{entity, other},
		Episodes:   []*stores.Episode{episode},
		Procedures: []*stores.Procedure{{ID: stores.NewID(), Name: "count birds", Domain: stores.DomainResearch}},
		Todos:      []*stores.Todo{{ID: stores.NewID(), Content: "buy binoculars", SourceEpisode: episode.ID}},
		Relationships: []*stores.Relationship{{
			ID: stores.NewID(), Type: "USES", Source: episode.Ref(), Target: entity.Entity.Ref(), Weight: 0.3,
		}},
	}
}

func TestImportWritesRecordsGraphAndVectorsAsTheyAre(t *testing.T) {
	w, set := importing(t)
	b := fullBatch()
	if err := w.Import(t.Context(), importScope, b); err != nil {
		t.Fatal(err)
	}
	want := *b.Entities[0].Entity
	found, err := set.Entities.ByID(t.Context(), importScope, []stores.ID{want.ID}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, found[want.ID]); diff != "" || want.Version != 4 || want.CreatedAt.Year() != 2020 {
		t.Error(diff)
	}
	records, err := set.EntityRecords.ByName(t.Context(), importScope, []string{"osprey"})
	if err != nil || records["osprey"] == nil || records["osprey"].ID != want.ID || records["osprey"].Content != "dives for fish" {
		t.Errorf("%+v %v", records["osprey"], err)
	}
	for word, id := range map[string]stores.ID{
		"hawk": want.ID, "dive": b.Episodes[0].ID, "birds": b.Procedures[0].ID, "binoculars": b.Todos[0].ID,
	} {
		hits := 0
		for _, c := range stores.Collections {
			answer, err := set.Vectors.Search(t.Context(), importScope, []stores.Search{{Collection: c, Text: word, Limit: 9}})
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range answer[0] {
				if h.ID == id {
					hits++
				}
			}
		}
		if hits != 1 {
			t.Errorf("%q finds its noun %d times", word, hits)
		}
	}
	edges, err := set.Relationships.ByID(t.Context(), importScope, []stores.ID{b.Relationships[0].ID}, nil)
	if err != nil || edges[b.Relationships[0].ID].Weight != 0.3 {
		t.Errorf("%v %v", edges, err)
	}
	if p, err := set.Profiles.Of(t.Context(), importScope, nil); err != nil || p == nil || p.ID != b.Profiles[0].ID {
		t.Errorf("%v %v", p, err)
	}
}

func TestImportIsAllOrNothing(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*saga.Batch)
		want  error
	}{
		"invalid noun":    {func(b *saga.Batch) { b.Todos[0].Content = "" }, stores.ErrInvalid},
		"invalid record":  {func(b *saga.Batch) { b.Entities[0].Record.Keywords = []string{""} }, stores.ErrInvalid},
		"missing mention": {func(b *saga.Batch) { b.Episodes[0].Mentions = []stores.ID{stores.NewID()} }, stores.ErrNotFound},
		"missing end":     {func(b *saga.Batch) { b.Relationships[0].Target.ID = stores.NewID() }, stores.ErrNotFound},
		"name taken":      {func(b *saga.Batch) { b.Entities[1].Entity.Name = "osprey" }, stores.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			w, set := importing(t)
			b := fullBatch()
			c.spoil(&b)
			if err := w.Import(t.Context(), importScope, b); !errors.Is(err, c.want) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			entities, err := set.Entities.Count(t.Context(), importScope, stores.Filter{})
			if err != nil || entities != 0 {
				t.Errorf("%d entities are left, %v", entities, err)
			}
			profile, err := set.Profiles.Of(t.Context(), importScope, nil)
			if err != nil || profile != nil {
				t.Errorf("a profile is left: %v %v", profile, err)
			}
			points, err := set.Vectors.Count(t.Context(), importScope, stores.CollectionEpisodes, stores.Filter{})
			if err != nil || points != 0 {
				t.Errorf("%d points are left, %v", points, err)
			}
		})
	}
}

func TestImportOfAScopeThatCannotBeOrOfNothing(t *testing.T) {
	w, _ := importing(t)
	if err := w.Import(t.Context(), stores.Scope{}, saga.Batch{}); !errors.Is(err, stores.ErrInvalid) {
		t.Error(err)
	}
	if err := w.Import(t.Context(), importScope, saga.Batch{}); err != nil {
		t.Error(err)
	}
}
