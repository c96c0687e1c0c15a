package sqlite_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"thalamus/stores"
	"thalamus/stores/sqlite"
	"thalamus/stores/storestest"
)

// memory is a filled database: n entities, n episodes that mention two each, 5n edges between the entities.
type memory struct {
	db       *sqlite.DB
	scope    stores.Scope
	entities []stores.ID
	episodes []stores.ID
}

func fill(b *testing.B, n int) memory {
	b.Helper()
	m := memory{db: open(b, b.TempDir()), scope: stores.NewScope("bench", "", "")}
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		m.entities, m.episodes = append(m.entities, stores.NewID()), append(m.episodes, stores.NewID())
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := 0; i < n; i += 1000 {
		var es []*stores.Entity
		for j := i; j < min(i+1000, n); j++ {
			e := newEntity(m.scope, fmt.Sprintf("entity %d", r.IntN(1e9)))
			e.ID = m.entities[j]
			es = append(es, e)
		}
		must(b, m.db.Entities().Put(b.Context(), m.scope, es))
	}
	for i := 0; i < n; i += 1000 {
		var es []*stores.Episode
		var rs []*stores.Relationship
		for j := i; j < min(i+1000, n); j++ {
			at = at.Add(time.Second)
			es = append(es, m.episode(m.episodes[j], j, at, r))
			for range 5 {
				rs = append(rs, m.edge(r, at))
			}
		}
		must(b, m.db.Episodes().Put(b.Context(), m.scope, es))
		must(b, m.db.Relationships().Put(b.Context(), m.scope, rs))
	}
	return m
}

func (m memory) episode(id stores.ID, i int, at time.Time, r *rand.Rand) *stores.Episode {
	e := &stores.Episode{
		ID: id, Scope: m.scope, SessionID: fmt.Sprint("session ", i/100), Content: strings.Repeat("something happened ", 50), Timestamp: at,
		Mentions: []stores.ID{m.entities[r.IntN(len(m.entities))], m.entities[r.IntN(len(m.entities))]},
	}
	e.SetDefaults(at)
	return e
}

func (m memory) edge(r *rand.Rand, at time.Time) *stores.Relationship {
	from := r.IntN(len(m.entities))
	to := (from + 1 + r.IntN(len(m.entities)-1)) % len(m.entities)
	e := &stores.Relationship{
		Scope: m.scope, Type: "USES", Weight: r.Float64(),
		Source: stores.Ref{Kind: stores.KindEntity, ID: m.entities[from]}, Target: stores.Ref{Kind: stores.KindEntity, ID: m.entities[to]},
	}
	e.SetDefaults(at)
	return e
}

// some picks n ids.
func some(r *rand.Rand, ids []stores.ID, n int) []stores.ID {
	out := make([]stores.ID, n)
	for i := range out {
		out[i] = ids[r.IntN(len(ids))]
	}
	return out
}

func BenchmarkGraph(b *testing.B) {
	m := fill(b, 20_000)
	r := rand.New(rand.NewPCG(3, 4))
	ctx, first := b.Context(), stores.Page{First: 20}
	for name, fn := range map[string]func() error{
		"ByID/1":   func() error { _, err := m.db.Episodes().ByID(ctx, m.scope, some(r, m.episodes, 1), nil); return err },
		"ByID/100": func() error { _, err := m.db.Episodes().ByID(ctx, m.scope, some(r, m.episodes, 100), nil); return err },
		"ByID/100 light": func() error {
			_, err := m.db.Episodes().ByID(ctx, m.scope, some(r, m.episodes, 100), []stores.Field{})
			return err
		},
		"List/20": func() error { _, err := m.db.Episodes().List(ctx, m.scope, stores.Query{Page: first}); return err },
		"Count":   func() error { _, err := m.db.Episodes().Count(ctx, m.scope, stores.Filter{}); return err },
		"ByNode/100": func() error {
			_, err := m.db.Relationships().ByNode(ctx, m.scope, some(r, m.entities, 100), stores.FlowBoth, stores.Query{Page: first})
			return err
		},
		"EntitiesOf/100": func() error {
			_, err := m.db.Entities().ByEpisode(ctx, m.scope, some(r, m.episodes, 100), nil)
			return err
		},
		"Adjacent/100": func() error { _, err := m.db.Episodes().Adjacent(ctx, m.scope, some(r, m.episodes, 100)); return err },
		"Path": func() error {
			ends := some(r, m.entities, 2)
			_, err := m.db.Relationships().Path(ctx, m.scope, stores.PathQuery{From: ends[0], To: ends[1], MaxDepth: 5})
			return err
		},
		"Neighborhood/2/50": func() error {
			_, err := m.db.Relationships().Neighborhood(ctx, m.scope, stores.NeighborhoodQuery{Of: m.entities[r.IntN(len(m.entities))], Depth: 2, First: 50})
			return err
		},
		"Put/1": func() error {
			return m.db.Episodes().Put(ctx, m.scope, []*stores.Episode{m.episode(m.episodes[r.IntN(len(m.episodes))], 1, time.Now(), r)})
		},
		"Put/1 edge": func() error {
			return m.db.Relationships().Put(ctx, m.scope, []*stores.Relationship{m.edge(r, time.Now())})
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				must(b, fn())
			}
		})
	}
}

// BenchmarkJournal compares the two ways in which a commit is made durable.
func BenchmarkJournal(b *testing.B) {
	for _, synchronous := range []string{"NORMAL", "FULL"} {
		b.Run(synchronous, func(b *testing.B) {
			db, err := sqlite.Open(b.Context(), b.TempDir(), sqlite.Options{Synchronous: synchronous})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close() //nolint:errcheck // the benchmark is over
			storestest.BenchmarkJournal(b, &stores.Set{Journal: db.Journal(), Outbox: db.Outbox()})
		})
	}
}
