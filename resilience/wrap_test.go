package resilience_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"thalamus/resilience"
	"thalamus/stores"
)

// backend is a product of no function; its address is its identity.
type backend struct {
	name   string
	ping   error
	closed int
}

func (b *backend) Name() string               { return b.name }
func (b *backend) Ping(context.Context) error { return b.ping }
func (b *backend) Close() error               { b.closed++; return nil }

// listing has another name than its method.
type listing = stores.Scopes

// hollow is a set whose contracts are there but must never be reached: each call on one of them panics.
func hollow() *stores.Set {
	sql, cache, model := &backend{name: "sql"}, &backend{name: "cache"}, &backend{name: "model"}
	return &stores.Set{
		Episodes:      struct{ stores.Episodes }{},
		Entities:      struct{ stores.Entities }{},
		Procedures:    struct{ stores.Procedures }{},
		Relationships: struct{ stores.Relationships }{},
		EntityRecords: struct{ stores.EntityRecords }{},
		Profiles:      struct{ stores.Profiles }{},
		Todos:         struct{ stores.Todos }{},
		Answers:       struct{ stores.Answers }{},
		Journal:       struct{ stores.Journal }{},
		Outbox:        struct{ stores.Outbox }{},
		Scopes:        struct{ listing }{},
		Vectors:       struct{ stores.Vectors }{},
		Cache:         struct{ stores.Cache }{},
		Locks:         struct{ stores.Locks }{},
		Bus:           struct{ stores.Bus }{},
		Embedder:      struct{ stores.Embedder }{},
		Copies:        struct{ stores.Copies }{},
		Backends: []stores.Playing{
			{Role: stores.RoleGraph, Backend: sql}, {Role: stores.RoleRecords, Backend: sql},
			{Role: stores.RoleVectors, Backend: sql}, {Role: stores.RoleCache, Backend: cache},
			{Role: stores.RoleEmbedder, Backend: model},
		},
	}
}

var errStopped = errors.New("stopped at the guard")

// TestEveryMethodPassesItsGuard calls each method of each contract of a set, however many there will be.
func TestEveryMethodPassesItsGuard(t *testing.T) {
	var seen []resilience.Op
	stop := func(_ context.Context, op resilience.Op, _ func(context.Context) error) error {
		seen = append(seen, op)
		return errStopped
	}
	set := hollow()
	wrapped := reflect.ValueOf(resilience.Wrap(set, resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware {
		return []resilience.Middleware{stop}
	}))).Elem()

	names := map[string]bool{}
	for field, contract := range wrapped.Fields() {
		if field.Type.Kind() != reflect.Interface {
			continue
		}
		for method, fn := range contract.Methods() {
			if fn.Type().NumIn() == 0 || fn.Type().In(0) != reflect.TypeFor[context.Context]() {
				continue // a fact, not a call
			}
			if method.Name == "Atomic" {
				continue // not a call, but what happens inside is
			}
			want := lowerFirst(field.Name) + "." + lowerFirst(spelled(method.Name))
			args, keys := arguments(fn.Type())
			seen = nil
			results := fn.Call(args)
			if err, _ := results[len(results)-1].Interface().(error); !errors.Is(err, errStopped) {
				t.Errorf("%s: error = %v, want that of the guard", want, err)
			}
			if len(seen) != 1 {
				t.Errorf("%s passed its guard %d times, want once", want, len(seen))
				continue
			}
			op := seen[0]
			if op.Name != want {
				t.Errorf("operation = %q, want %q", op.Name, want)
			}
			if names[op.Name] {
				t.Errorf("%s is the name of two operations", op.Name)
			}
			names[op.Name] = true
			if role, product := home(field.Name); op.Role != role || op.Backend != product {
				t.Errorf("%s: %s on %s, want %s on %s", want, op.Role, op.Backend, role, product)
			}
			if keys > 0 && op.Keys != keys {
				t.Errorf("%s: keys = %d, want %d", want, op.Keys, keys)
			}
			if write := writes(method.Name); op.Write != write {
				t.Errorf("%s: write = %v, want %v", want, op.Write, write)
			}
			if once := repeatsBadly[op.Name]; op.Once != once {
				t.Errorf("%s: once = %v, want %v", want, op.Once, once)
			}
		}
	}
	if len(names) < 60 {
		t.Errorf("only %d operations were found", len(names))
	}
}

// arguments makes a call's arguments: the first list or map after the scope has three members and is what the call is
// keyed by; later ones have seven.
func arguments(fn reflect.Type) (args []reflect.Value, keys int) {
	for i := range fn.NumIn() {
		switch in := fn.In(i); in.Kind() {
		case reflect.Interface:
			args = append(args, reflect.ValueOf(context.Background()))
		case reflect.Slice:
			n := 7
			if bytes := in.Elem().Kind() == reflect.Uint8; keys == 0 && !bytes && in.Elem() != reflect.TypeFor[stores.Field]() {
				n, keys = 3, 3
			}
			args = append(args, reflect.MakeSlice(in, n, n))
		case reflect.Map:
			keys = 2
			m := reflect.MakeMap(in)
			for _, k := range []string{"a", "b"} {
				m.SetMapIndex(reflect.ValueOf(k).Convert(in.Key()), reflect.Zero(in.Elem()))
			}
			args = append(args, m)
		default:
			args = append(args, reflect.Zero(in))
		}
	}
	return args, keys
}

func home(contract string) (role stores.Role, product string) {
	switch contract {
	case "Episodes", "Entities", "Procedures", "Relationships":
		return stores.RoleGraph, "sql"
	case "Vectors":
		return stores.RoleVectors, "sql"
	case "Cache", "Locks", "Bus", "Copies":
		return stores.RoleCache, "cache"
	case "Embedder":
		return stores.RoleEmbedder, "model"
	}
	return stores.RoleRecords, "sql"
}

func writes(method string) bool {
	for _, verb := range []string{"Put", "Swap", "Delete", "Set", "Upsert", "Reset", "Forget", "Prune", "Strengthen", "Weaken", "Decay",
		"Expire", "Increment", "Clear", "Acquire", "Renew", "Release", "Publish", "Bind", "Complete", "Begin", "Advance", "Due", "Take",
		"Wake", "Append"} {
		if strings.HasPrefix(method, verb) {
			return true
		}
	}
	return false
}

// repeatsBadly lists the operations of which a second run does something else than the first.
var repeatsBadly = map[string]bool{
	"episodes.swap": true, "entities.swap": true, "procedures.swap": true, "relationships.swap": true,
	"profiles.swap": true, "todos.swap": true, "answers.put": true,
	"journal.begin": true, "journal.advance": true, "journal.due": true, "journal.take": true,
	"cache.setIf": true, "cache.increment": true, "locks.acquire": true, "bus.publish": true,
	"relationships.strengthen": true, "relationships.weaken": true, "relationships.decay": true,
}

// spelled is the name of a method as operations have it: abbreviations are words.
func spelled(method string) string {
	return strings.NewReplacer("ID", "Id", "TTL", "Ttl").Replace(method)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }

func TestOneGuardPerBackend(t *testing.T) {
	set := hollow()
	chains := map[string]int{}
	guards := resilience.NewGuards(set, func(b stores.Backend) []resilience.Middleware {
		chains[b.Name()]++
		return nil
	})
	if guards[stores.RoleGraph] != guards[stores.RoleVectors] || guards[stores.RoleGraph] == guards[stores.RoleCache] {
		t.Error("the roles of one backend do not share one guard, or two backends share theirs")
	}
	for name, n := range chains {
		if n != 1 {
			t.Errorf("the chain of %s was made %d times, want once", name, n)
		}
	}
}

func TestWrapKeepsWhatIsMissing(t *testing.T) {
	set := &stores.Set{Todos: struct{ stores.Todos }{}}
	wrapped := resilience.Wrap(set, resilience.Guards{})
	if wrapped.Todos != set.Todos || wrapped.Episodes != nil || wrapped.Cache != nil || wrapped.Atomic != nil {
		t.Errorf("wrapped = %+v, want the set as it was", wrapped)
	}
}

func TestWrapClosesEachBackendOnce(t *testing.T) {
	set := hollow()
	wrapped := resilience.Wrap(set, resilience.NewGuards(set, func(stores.Backend) []resilience.Middleware { return nil }))
	if err := wrapped.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Backends {
		if b := p.Backend.(*backend); b.closed != 1 {
			t.Errorf("%s was closed %d times, want once", b.name, b.closed)
		}
	}
}

func TestMiddlewaresRunInOrder(t *testing.T) {
	var order []string
	named := func(name string) resilience.Middleware {
		return func(ctx context.Context, _ resilience.Op, next func(context.Context) error) error {
			order = append(order, name)
			return next(ctx)
		}
	}
	g := resilience.NewGuard(&backend{name: "sql"}, nil, named("outer"), named("middle"), named("inner"))
	if err := g.Do(t.Context(), resilience.Op{}, func(context.Context) error { order = append(order, "store"); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "outer middle inner store" {
		t.Errorf("order = %s", got)
	}
}
