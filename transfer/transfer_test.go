package transfer_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"thalamus/resilience/saga"
	"thalamus/stores"
	"thalamus/stores/hashing"
	"thalamus/stores/sqlite"
	"thalamus/transfer"
)

// memory is a fresh set of stores with everything that is asked of it here.
type memory struct {
	t        testing.TB
	set      *stores.Set
	writer   *saga.Writer
	embedded *atomic.Int64 // texts
}

// counting counts the texts that are embedded.
type counting struct {
	stores.Embedder
	texts *atomic.Int64
}

func (c counting) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	c.texts.Add(int64(len(texts)))
	return c.Embedder.Embed(ctx, texts)
}

func fresh(t testing.TB) *memory {
	t.Helper()
	db, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	m := &memory{t: t, embedded: &atomic.Int64{}}
	m.set = &stores.Set{
		Episodes: db.Episodes(), Entities: db.Entities(), Procedures: db.Procedures(), Relationships: db.Relationships(),
		EntityRecords: db.EntityRecords(), Profiles: db.Profiles(), Todos: db.Todos(), Answers: db.Answers(), Journal: db.Journal(), Outbox: db.Outbox(), Scopes: db.Scopes(),
		Vectors: db.Vectors(), Atomic: db.Atomic, Embedder: counting{hashing.New(), m.embedded},
	}
	m.writer = saga.New(m.set, saga.Options{})
	return m
}

// outcome is what an import answered.
type outcome struct {
	transfer.Report
	bad []transfer.BadLine
}

// try imports with options beyond the stores.
func (m *memory) try(r io.Reader, o transfer.ImportOptions) (outcome, error) {
	m.t.Helper()
	var out outcome
	o.Set, o.Writer = m.set, m.writer
	o.OnBad = func(b transfer.BadLine) { out.bad = append(out.bad, b) }
	var err error
	out.Report, err = transfer.Import(m.t.Context(), r, o)
	sum := out.Bad
	for _, kind := range stores.Kinds {
		sum += out.Written[kind] + out.Unchanged[kind]
	}
	if err == nil && (sum != out.Lines || out.Bad != len(out.bad)) {
		m.t.Errorf("the report does not add up: %+v, %d told of", out.Report, len(out.bad))
	}
	return out, err
}

func (m *memory) load(r io.Reader) outcome {
	m.t.Helper()
	out, err := m.try(r, transfer.ImportOptions{})
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// lines imports lines that must all be good.
func (m *memory) lines(lines ...string) outcome {
	m.t.Helper()
	out := m.load(strings.NewReader(strings.Join(lines, "\n")))
	for _, b := range out.bad {
		m.t.Error(b)
	}
	return out
}

// export is everything that is stored.
func (m *memory) export() string {
	m.t.Helper()
	var b bytes.Buffer
	if _, err := transfer.Export(m.t.Context(), &b, transfer.ExportOptions{Set: m.set}); err != nil {
		m.t.Fatal(err)
	}
	return b.String()
}

// entity reads the current entity of a name in the default scope.
func (m *memory) entity(name string) (*stores.Entity, *stores.EntityRecord) {
	m.t.Helper()
	records, err := m.set.EntityRecords.ByName(m.t.Context(), home, []string{name})
	if err != nil {
		m.t.Fatal(err)
	}
	if records[name] == nil {
		m.t.Fatalf("there is no %q", name)
	}
	id := records[name].ID
	found, err := m.set.Entities.ByID(m.t.Context(), home, []stores.ID{id}, nil)
	if err != nil || found[id] == nil {
		m.t.Fatalf("%q has no node: %v", name, err)
	}
	return found[id], records[name]
}

// edges reads all edges of the default scope.
func (m *memory) edges() []*stores.Relationship {
	m.t.Helper()
	page, err := m.set.Relationships.List(m.t.Context(), home, stores.Query{Page: stores.Page{First: 1000}})
	if err != nil {
		m.t.Fatal(err)
	}
	return page.Items
}

var home = stores.NewScope("", "", "")

func total(n map[stores.Kind]int) (sum int) {
	for _, v := range n {
		sum += v
	}
	return sum
}
