// Package loaders batches the reads of one response: a field costs one call to its store, whatever the number of parents.
//
// gqlgen resolves every parent on its own, so the calls for one field arrive one by one. The executor tells how many
// will arrive ([Loaders.Expect]) before the first of them does; the batch leaves with the last one, and no timer is
// involved.
package loaders

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"thalamus/resilience"
	"thalamus/stores"
)

const (
	// maxWait bounds the harm of a wrong announcement: a batch that does not fill up leaves after it, and says so.
	maxWait = 5 * time.Second
	// calls of one batch that are buffered before the batch function drains them.
	inputCapacity = 256
)

// Place is one field at one place of the response: all its parents load together.
type Place struct {
	Key    string // of the batch; places that share it load together
	Path   string // response path without list indices
	Field  string // name of the field
	Select func(stores.Kind) []stores.Field
	// Arrived is told, once per batch, how many nodes of each kind it brought to this place.
	Arrived func(map[stores.Kind]int)
}

// Loaders are the loaders of one response. They are safe for concurrent use and never serve writes.
type Loaders struct {
	set   *stores.Set
	scope stores.Scope
	log   *slog.Logger

	admitted atomic.Int64
	mu       sync.Mutex
	batches  map[string]any
	expected map[string]int
}

// New makes the loaders of one response for one caller. The log hears of batches that were announced wrongly.
func New(set *stores.Set, scope stores.Scope, log *slog.Logger) *Loaders {
	return &Loaders{set: set, scope: scope, log: log, batches: map[string]any{}, expected: map[string]int{}}
}

type key struct{}

// With hands the loaders to the resolvers.
func With(ctx context.Context, l *Loaders) context.Context { return context.WithValue(ctx, key{}, l) }

// For gives the loaders of the running response.
func For(ctx context.Context) *Loaders { return ctx.Value(key{}).(*Loaders) }

// Expect announces that n more loads will arrive for a batch. A load that nobody announced leaves alone.
func (l *Loaders) Expect(batch string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expected[batch] += n
}

// MaxNodes is how many nodes one response may hold. Nested lists multiply, so a short query can ask for millions.
const MaxNodes = 20_000

// Admit counts nodes that a response is to hold, and refuses those beyond [MaxNodes].
func (l *Loaders) Admit(n int) error {
	if l.admitted.Add(int64(n)) > MaxNodes {
		return stores.Invalid("", "the operation asks for more than %d nodes at once; ask for fewer, or page through them", MaxNodes)
	}
	return nil
}

// call is one load: its key and where it came from. The place is part of the key, so that every call counts.
type call[K comparable] struct {
	key K
	at  *Place
}

// fetch reads a batch of distinct keys. places are the fields it serves.
type fetch[K comparable, V any] func(ctx context.Context, keys []K, places []*Place) (map[K]V, error)

// load joins the batch of a place. nodes lists the nodes in a value, for the announcement of the next level; it may be
// nil when a value holds none. A key that the store does not have gives the zero value.
func load[K comparable, V any](ctx context.Context, l *Loaders, at *Place, k K, read fetch[K, V], nodes func(V) []stores.Node) (V, error) {
	return join(l, at, read, nodes).Load(ctx, call[K]{k, at})()
}

func join[K comparable, V any](l *Loaders, at *Place, read fetch[K, V], nodes func(V) []stores.Node) *dataloader.Loader[call[K], V] {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b, ok := l.batches[at.Key]; ok {
		return b.(*dataloader.Loader[call[K], V])
	}
	n := max(l.expected[at.Key], 1)
	b := dataloader.NewBatchedLoader(
		func(ctx context.Context, calls []call[K]) []*dataloader.Result[V] {
			l.leave(at.Key, len(calls))
			if len(calls) < n && ctx.Err() == nil {
				l.log.WarnContext(ctx, "a batch left before it was full", "path", at.Path, "loads", len(calls), "announced", n)
			}
			return run(ctx, l, calls, read, nodes)
		},
		dataloader.WithCache(&dataloader.NoCache[call[K], V]{}),
		dataloader.WithBatchCapacity[call[K], V](n),
		dataloader.WithInputCapacity[call[K], V](inputCapacity),
		dataloader.WithWait[call[K], V](maxWait),
	)
	l.batches[at.Key] = b
	return b
}

// leave closes a batch: later calls for the same key start another.
func (l *Loaders) leave(batch string, calls int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.batches, batch)
	l.expected[batch] = max(l.expected[batch]-calls, 0)
}

func run[K comparable, V any](ctx context.Context, l *Loaders, calls []call[K], read fetch[K, V], nodes func(V) []stores.Node) []*dataloader.Result[V] {
	keys, places := distinct(calls)
	paths := make([]string, len(places))
	for i, p := range places {
		paths[i] = p.Path
	}
	values, err := rescue(resilience.WithPath(ctx, paths...), keys, places, read)
	arrived, err := tally(l, calls, values, nodes, err)
	if err != nil {
		arrived = nil
	}
	for at, kinds := range arrived {
		at.Arrived(kinds)
	}
	out := make([]*dataloader.Result[V], len(calls))
	for i, c := range calls {
		if out[i] = (&dataloader.Result[V]{Error: err}); err == nil {
			out[i].Data = values[c.key]
		}
	}
	return out
}

// rescue turns a panic of a batch, which runs on a goroutine of its own, into an error of its loads.
func rescue[K comparable, V any](ctx context.Context, keys []K, places []*Place, read fetch[K, V]) (values map[K]V, err error) {
	defer func() {
		if v := recover(); v != nil {
			values, err = nil, fmt.Errorf("a batch panicked: %v\n%s", v, debug.Stack())
		}
	}()
	return read(ctx, keys, places)
}

func distinct[K comparable](calls []call[K]) (keys []K, places []*Place) {
	seen := make(map[K]struct{}, len(calls))
	for _, c := range calls {
		if _, ok := seen[c.key]; !ok {
			seen[c.key] = struct{}{}
			keys = append(keys, c.key)
		}
		if !slices.Contains(places, c.at) {
			places = append(places, c.at)
		}
	}
	return keys, places
}

// tally counts the nodes that a batch brought to each place, and gives the error of the batch if there is one.
func tally[K comparable, V any](l *Loaders, calls []call[K], values map[K]V, nodes func(V) []stores.Node, err error) (map[*Place]map[stores.Kind]int, error) {
	if err != nil || nodes == nil {
		return nil, err
	}
	arrived := map[*Place]map[stores.Kind]int{}
	total := 0
	for _, c := range calls {
		if arrived[c.at] == nil {
			arrived[c.at] = map[stores.Kind]int{}
		}
		for _, n := range nodes(values[c.key]) {
			arrived[c.at][n.Ref().Kind]++
			total++
		}
	}
	return arrived, l.Admit(total)
}

// selected joins what the places of a batch select of one kind.
func selected(places []*Place, kind stores.Kind) []stores.Field {
	fields := []stores.Field{}
	for _, p := range places {
		fields = append(fields, p.Select(kind)...)
	}
	return fields
}
