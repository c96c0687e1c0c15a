package saga_test

import (
	"testing"

	"thalamus/graph/graphtest"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// TestDriftIsFoundAndMended makes each kind of drift behind the back of the writer.
func TestDriftIsFoundAndMended(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *graphtest.Gateway{"OneDatabase": graphtest.New, "SeveralDatabases": graphtest.NewSplit} {
		t.Run(name, func(t *testing.T) {
			m := remember(t, open(t))
			ctx, w := t.Context(), m.Writes
			if found, err := w.Drift(ctx, m.scope, nil); err != nil || len(found) > 0 {
				t.Fatalf("drift of a memory that is whole: %+v, %v", found, err)
			}
			osprey, heron, episode := m.batch.Entities[0].Entity, m.batch.Entities[1].Entity, m.batch.Episodes[0]
			spoil := func(_ any, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			spoil(m.Set.Vectors.Delete(ctx, m.scope, stores.CollectionEpisodes, []stores.ID{episode.ID}))
			spoil(m.Set.EntityRecords.Delete(ctx, m.scope, []stores.ID{osprey.ID}))
			spoil(m.Set.Todos.Delete(ctx, m.scope, []stores.ID{m.batch.Todos[0].ID}))
			stray := &stores.EntityRecord{ID: stores.NewID(), Scope: m.scope, Name: "nobody", Current: true, CreatedAt: stores.Now(), UpdatedAt: stores.Now()}
			spoil(nil, m.Set.EntityRecords.Put(ctx, m.scope, []*stores.EntityRecord{stray}))
			unsettled := *m.batch.Entities[1].Record
			unsettled.Scope, unsettled.Version, unsettled.Content = m.scope, heron.Version+1, "never committed"
			was := *m.batch.Entities[1].Record
			was.Content = "wades"
			unsettled.Before = &was
			spoil(nil, m.Set.EntityRecords.Put(ctx, m.scope, []*stores.EntityRecord{&unsettled}))

			want := map[saga.DriftKind]stores.ID{
				saga.MissingPoint: episode.ID, saga.MissingRecord: osprey.ID, saga.OrphanPoint: m.batch.Todos[0].ID,
				saga.OrphanRecord: stray.ID, saga.UnsettledRecord: heron.ID,
			}
			found, err := w.Drift(ctx, m.scope, nil)
			if err != nil || len(found) != len(want) {
				t.Fatalf("found %+v, %v", found, err)
			}
			for _, f := range found {
				if want[f.Kind] != f.Node.ID {
					t.Errorf("found %+v", f)
				}
			}
			if some, err := w.Drift(ctx, m.scope, []saga.DriftKind{saga.OrphanPoint}); err != nil || len(some) != 1 || some[0].Kind != saga.OrphanPoint {
				t.Errorf("one kind: %+v, %v", some, err)
			}
			if other, err := w.Drift(ctx, graphtest.Scope, nil); err != nil || len(other) > 0 {
				t.Errorf("another scope: %+v, %v", other, err)
			}
			if _, mended, err := w.Repair(ctx, m.scope, nil); err != nil || mended != len(want) {
				t.Fatalf("mended %d, %v", mended, err)
			}
			if found, err := w.Drift(ctx, m.scope, nil); err != nil || len(found) > 0 {
				t.Errorf("after the repair: %+v, %v", found, err)
			}
			m.whole(t)
			records, err := m.Set.EntityRecords.ByID(ctx, m.scope, []stores.ID{heron.ID}, nil)
			if err != nil || records[heron.ID].Content != "wades" {
				t.Errorf("the record of the version that the entity has was not kept: %+v, %v", records[heron.ID], err)
			}
		})
	}
}

// TestWorkInProgressIsNoDrift looks while a write has done half of its steps.
func TestWorkInProgressIsNoDrift(t *testing.T) {
	m := remember(t, graphtest.NewSplit(t))
	for at := 1; at < 30; at++ {
		broken, _ := m.breakAt(at, graphtest.Ran(stores.Unavailable("x", nil)), func() error {
			_, err := m.Writes.UpsertEntity(t.Context(), m.scope, saga.Request{Operation: "upsertEntity"}, "osprey", nil, func(e saga.EntityParts) error {
				e.Record.Content += "x"
				return nil
			})
			return err
		})
		if found, err := m.Writes.Drift(t.Context(), m.scope, nil); err != nil || len(found) > 0 {
			t.Errorf("broken at %s: %+v, %v", broken.Name, found, err)
		}
		m.settle(t)
	}
	m.whole(t)
}
