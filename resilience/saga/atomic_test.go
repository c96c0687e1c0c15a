package saga_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thalamus/graph/graphtest"
	"thalamus/resilience"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// memory is a small memory in a scope of its own, and everything in it as text.
type memory struct {
	*graphtest.Gateway
	scope stores.Scope
	batch saga.Batch
}

func remember(t *testing.T, g *graphtest.Gateway) memory {
	t.Helper()
	m := memory{g, stores.NewScope(string(stores.NewID()), "", ""), fullBatch()}
	if err := g.Writes.Import(t.Context(), m.scope, m.batch); err != nil {
		t.Fatal(err)
	}
	return m
}

// dump is all that the stores hold of the scope: nouns, vectors and answers.
func (m memory) dump(t *testing.T, keys ...string) string {
	t.Helper()
	ctx, all := context.Background(), map[string]any{}
	q := stores.Query{Page: stores.Page{First: 1000}}
	collect(t, all, "episodes", m.scope, q, m.Set.Episodes.List)
	collect(t, all, "entities", m.scope, q, m.Set.Entities.List)
	collect(t, all, "records", m.scope, q, m.Set.EntityRecords.List)
	collect(t, all, "procedures", m.scope, q, m.Set.Procedures.List)
	collect(t, all, "relationships", m.scope, q, m.Set.Relationships.List)
	collect(t, all, "profiles", m.scope, q, m.Set.Profiles.List)
	collect(t, all, "todos", m.scope, q, m.Set.Todos.List)
	for _, c := range stores.Collections {
		ids, err := m.Set.Vectors.Scroll(ctx, m.scope, c, stores.Filter{}, "", 1000)
		if err != nil {
			t.Fatal(err)
		}
		points, err := m.Set.Vectors.Get(ctx, m.scope, c, ids)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			for i, x := range p.Vector { // engines make vectors of unit length once more, which may cost the last digit
				p.Vector[i] = float32(math.Round(float64(x)*1e5) / 1e5)
			}
		}
		all["points of "+string(c)] = points
	}
	for _, key := range keys {
		a, err := m.Set.Answers.Get(ctx, m.scope, key)
		if err != nil {
			t.Fatal(err)
		}
		all["answer "+key] = a
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// unfolded puts every value of a dump on a line of its own.
func unfolded(dump string) []string { return strings.Split(dump, ",\"") }

func collect[T any](t *testing.T, all map[string]any, name string, s stores.Scope, q stores.Query, list func(context.Context, stores.Scope, stores.Query) (stores.Slice[T], error)) {
	t.Helper()
	page, err := list(context.Background(), s, q)
	if err != nil {
		t.Fatal(err)
	}
	all[name] = page.Items
}

// writes are all kinds of writes, each to a memory of its own.
func writes(w *saga.Writer) map[string]func(memory, saga.Request) error {
	return map[string]func(memory, saga.Request) error{
		"create an episode": func(m memory, r saga.Request) error {
			_, err := w.CreateEpisode(context.Background(), m.scope, r, &stores.Episode{SessionID: "s", Content: "new", Mentions: []stores.ID{m.batch.Entities[0].Entity.ID}})
			return err
		},
		"update an episode": func(m memory, r saga.Request) error {
			_, err := w.UpdateEpisode(context.Background(), m.scope, r, m.batch.Episodes[0].ID, nil, func(e *stores.Episode) error { e.Content = "other"; return nil })
			return err
		},
		"delete an episode": func(m memory, r saga.Request) error {
			_, err := w.DeleteEpisode(context.Background(), m.scope, r, m.batch.Episodes[0].ID, nil)
			return err
		},
		"create an entity": func(m memory, r saga.Request) error {
			_, err := w.UpsertEntity(context.Background(), m.scope, r, "kite", nil, func(e saga.EntityParts) error { e.Record.Content = "red"; return nil })
			return err
		},
		"update an entity": func(m memory, r saga.Request) error {
			_, err := w.UpsertEntity(context.Background(), m.scope, r, "osprey", nil, func(e saga.EntityParts) error { e.Entity.Summary, e.Record.Content = "a", "b"; return nil })
			return err
		},
		"rename an entity": func(m memory, r saga.Request) error {
			_, err := w.UpdateEntity(context.Background(), m.scope, r, m.batch.Entities[0].Entity.ID, nil, func(e saga.EntityParts) error { e.Entity.Name = "eagle"; return nil })
			return err
		},
		"supersede an entity": func(m memory, r saga.Request) error {
			_, err := w.SupersedeEntity(context.Background(), m.scope, r, m.batch.Entities[0].Entity.ID, nil, func(e saga.EntityParts) error { e.Entity.Summary = "now"; return nil })
			return err
		},
		"delete an entity": func(m memory, r saga.Request) error {
			_, err := w.DeleteEntity(context.Background(), m.scope, r, m.batch.Entities[0].Entity.ID, nil)
			return err
		},
		"create a procedure": func(m memory, r saga.Request) error {
			_, err := w.CreateProcedure(context.Background(), m.scope, r, &stores.Procedure{Name: "p", Domain: stores.DomainCoding})
			return err
		},
		"delete a procedure": func(m memory, r saga.Request) error {
			_, err := w.DeleteProcedure(context.Background(), m.scope, r, m.batch.Procedures[0].ID, nil)
			return err
		},
		"create a todo": func(m memory, r saga.Request) error {
			_, err := w.CreateTodo(context.Background(), m.scope, r, &stores.Todo{Content: "t"})
			return err
		},
		"update a todo": func(m memory, r saga.Request) error {
			_, err := w.UpdateTodo(context.Background(), m.scope, r, m.batch.Todos[0].ID, nil, func(d *stores.Todo) error { d.SetStatus(stores.TodoCompleted, stores.Now()); return nil })
			return err
		},
		"delete a todo": func(m memory, r saga.Request) error {
			_, err := w.DeleteTodo(context.Background(), m.scope, r, m.batch.Todos[0].ID, nil)
			return err
		},
		"relate": func(m memory, r saga.Request) error {
			_, err := w.Relate(context.Background(), m.scope, r, stores.Relationship{Type: "USES", Source: m.batch.Entities[0].Entity.Ref(), Target: m.batch.Entities[1].Entity.Ref()}, func(*stores.Relationship) error { return nil })
			return err
		},
		"strengthen": func(m memory, r saga.Request) error {
			_, err := w.Strengthen(context.Background(), m.scope, r, saga.Edges{ID: m.batch.Relationships[0].ID}, 0.5)
			return err
		},
		"decay": func(m memory, r saga.Request) error {
			_, err := w.Decay(context.Background(), m.scope, r, stores.Decay{StaleBefore: stores.Now().AddDate(1, 0, 0), Rate: 0.5, MinWeight: 0.2})
			return err
		},
		"write a profile": func(m memory, r saga.Request) error {
			_, err := w.UpsertProfile(context.Background(), m.scope, r, nil, func(p *stores.Profile) error { p.Content = "other"; return nil })
			return err
		},
	}
}

// faults are what can become of a call: the store does not get it, does it and cannot say so, or refuses it.
var faults = map[string]struct {
	err  error
	kind error // of the error that the author of the write gets
}{
	"lost call":   {stores.Unavailable("x", errors.New("broken")), stores.ErrUnavailable},
	"lost answer": {graphtest.Ran(stores.Unavailable("x", errors.New("broken"))), stores.ErrUnavailable},
	"refusal":     {stores.Invalid("", "no"), stores.ErrInvalid},
}

// TestAllOrNothing breaks each write at each of its calls in turn, in every way, and goes on breaking calls of this name
// until the write has ended or waits. Nothing may be left of it then, at the latest when its saga was carried on; or all of it
// is there, if readers may have seen it.
func TestAllOrNothing(t *testing.T) {
	if graphtest.OnServers() { // which are several databases
		testAllOrNothing(t, graphtest.New(t))
		return
	}
	t.Run("OneDatabase", func(t *testing.T) { testAllOrNothing(t, graphtest.New(t)) })
	t.Run("SeveralDatabases", func(t *testing.T) { testAllOrNothing(t, graphtest.NewSplit(t)) })
}

func testAllOrNothing(t *testing.T, g *graphtest.Gateway) {
	all := writes(g.Writes)
	for i, name := range slices.Sorted(maps.Keys(all)) {
		for k, fault := range slices.Sorted(maps.Keys(faults)) {
			if slow() && (i+k)%len(faults) != 0 {
				continue // each write is broken in one way then, and each way is tried
			}
			t.Run(name+"/"+fault, func(t *testing.T) {
				m := remember(t, g)
				before := m.dump(t, "key")
				for at := 1; ; at++ {
					broken, err := m.breakAt(at, faults[fault].err, func() error {
						return all[name](m, saga.Request{Operation: name, Key: new("key"), Input: []byte(`{}`)})
					})
					m.settle(t)
					m.whole(t)
					after := m.dump(t, "key")
					if broken.Name == "" { // every call succeeded
						if err != nil || before == after {
							t.Errorf("unbroken: %v", err)
						}
						if at < 4 {
							t.Errorf("only %d calls were broken", at-1)
						}
						return
					}
					// The journal failed, or what readers see, or a receipt could not be read of what is gone.
					public := broken.Role == stores.RoleRecords || broken.Role == stores.RoleGraph && broken.Write || !broken.Write
					if before != after && (!public || !m.committed(t, "key")) {
						t.Fatalf("broken at %s it leaves something else (-before +after):\n%s", broken.Name, cmp.Diff(unfolded(before), unfolded(after)))
					}
					if before != after { // nobody could say that it happened, or take it back
						m = remember(t, g)
						before = m.dump(t, "key")
					} else if !errors.Is(err, faults[fault].kind) {
						t.Errorf("broken at %s: %v", broken.Name, err)
					}
				}
			})
		}
	}
}

// slow says that the tests run with -short, or on servers.
func slow() bool { return testing.Short() || graphtest.OnServers() }

// committed says that the write under a key happened, and that its answer is remembered.
func (m memory) committed(t *testing.T, key string) bool {
	t.Helper()
	a, err := m.Set.Answers.Get(t.Context(), m.scope, key)
	if err != nil || a == nil || a.Saga == "" {
		t.Fatalf("the answer %+v, %v", a, err)
	}
	found, err := m.Set.Journal.ByID(t.Context(), m.scope, []stores.ID{a.Saga})
	if err != nil {
		t.Fatal(err)
	}
	return found[a.Saga].State == stores.SagaCommitted && len(a.Response) > 0
}

// breakAt runs a write whose call number at is broken, and all that follow of the same name. It gives that call, which
// has no name when there are fewer.
func (m memory) breakAt(at int, fault error, write func() error) (broken resilience.Op, err error) {
	var mu sync.Mutex
	calls := 0
	m.Break(func(op resilience.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == at {
			broken = op
		}
		if broken.Name != "" && op.Name == broken.Name {
			return fault
		}
		return nil
	})
	defer m.Break(nil)
	err = write()
	return broken, err
}

// settle carries on what was left over in the scope, as another gateway does once its leases ran out, until every saga has
// ended.
func (m memory) settle(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	for round := 0; ; round++ {
		page, err := m.Set.Journal.List(ctx, m.scope, stores.Query{Page: stores.Page{First: 1000}})
		if err != nil {
			t.Fatal(err)
		}
		left := slices.DeleteFunc(page.Items, func(s *stores.Saga) bool { return s.State.Ended() })
		if len(left) == 0 {
			return
		}
		if round == 20 {
			t.Fatalf("sagas never end, such as %+v", left[0])
		}
		for _, s := range left {
			if _, err := m.Set.Journal.Renew(ctx, s.Owner, []stores.ID{s.ID}, time.Millisecond); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
			if _, err := m.Set.Journal.Wake(ctx, m.scope, s.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := saga.New(m.Set, saga.Options{}).Recover(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKeysGiveTheFirstAnswer runs each write twice under one key: the second changes nothing.
func TestKeysGiveTheFirstAnswer(t *testing.T) {
	g := graphtest.New(t)
	for name, write := range writes(g.Writes) {
		m := remember(t, g)
		r := saga.Request{Operation: name, Key: new("key"), Input: []byte(`{"a":1}`)}
		if err := write(m, r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		after := m.dump(t, "key")
		if err := write(m, r); err != nil || m.dump(t, "key") != after {
			t.Errorf("%s twice: %v", name, err)
		}
		for _, other := range []saga.Request{{Operation: name, Key: new("key"), Input: []byte(`{"a":2}`)}, {Operation: name + "!", Key: new("key"), Input: r.Input}} {
			if err := write(m, other); !errors.Is(err, stores.ErrConflict) || m.dump(t, "key") != after {
				t.Errorf("%s, another request under its key: %v", name, err)
			}
		}
	}
}

// TestRacesAreRunAgain lets another write come between the reading and the writing of an edit.
func TestRacesAreRunAgain(t *testing.T) {
	g := graphtest.New(t)
	m := remember(t, g)
	id, thought := m.batch.Todos[0].ID, 0
	got, err := g.Writes.UpdateTodo(t.Context(), m.scope, saga.Request{}, id, nil, func(d *stores.Todo) error {
		if thought++; thought == 1 {
			if _, err := g.Writes.UpdateTodo(context.Background(), m.scope, saga.Request{}, id, nil, func(d *stores.Todo) error { d.Reason = "came between"; return nil }); err != nil {
				t.Error(err)
			}
		}
		d.Assignee = "Ann"
		return nil
	})
	if err != nil || thought != 2 || got.Reason != "came between" || got.Assignee != "Ann" || got.Version != 3 {
		t.Errorf("after %d thoughts %+v, %v", thought, got, err)
	}
	expected := 3
	_, err = g.Writes.UpdateTodo(t.Context(), m.scope, saga.Request{}, id, &expected, func(d *stores.Todo) error {
		if d.Version == 3 && d.Reason == "came between" {
			_, _ = g.Writes.UpdateTodo(context.Background(), m.scope, saga.Request{}, id, nil, func(d *stores.Todo) error { d.Reason = "again"; return nil })
		}
		d.Assignee = "Bob"
		return nil
	})
	if !errors.Is(err, stores.ErrConflict) {
		t.Errorf("an edit of version 3 after another: %v", err)
	}
	tries := 0
	if _, err := g.Writes.UpdateTodo(t.Context(), m.scope, saga.Request{}, id, nil, func(d *stores.Todo) error {
		tries++
		_, _ = g.Writes.UpdateTodo(context.Background(), m.scope, saga.Request{}, id, nil, func(d *stores.Todo) error { d.Reason = fmt.Sprint(tries); return nil })
		d.Assignee = "Eve"
		return nil
	}); !errors.Is(err, stores.ErrConflict) || tries != 100 {
		t.Errorf("an edit that always meets another gave up after %d tries with %v", tries, err)
	}
}

// TestAnEditThatCameTooLate leaves the record of the entity alone, and is made on what the other one left.
func TestAnEditThatCameTooLate(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *graphtest.Gateway{"OneDatabase": graphtest.New, "SeveralDatabases": graphtest.NewSplit} {
		t.Run(name, func(t *testing.T) {
			m := remember(t, open(t))
			id, thought := m.batch.Entities[0].Entity.ID, 0
			_, err := m.Writes.UpdateEntity(t.Context(), m.scope, saga.Request{}, id, nil, func(e saga.EntityParts) error {
				if thought++; thought == 1 {
					if _, err := m.Writes.UpdateEntity(context.Background(), m.scope, saga.Request{}, id, nil, func(e saga.EntityParts) error { e.Record.Content = "came between"; return nil }); err != nil {
						t.Error(err)
					}
				}
				e.Record.Keywords = []string{"late"}
				return nil
			})
			if err != nil || thought != 2 {
				t.Errorf("after %d thoughts: %v", thought, err)
			}
			records, err := m.Set.EntityRecords.ByID(t.Context(), m.scope, []stores.ID{id}, nil)
			if r := records[id]; err != nil || r.Content != "came between" || !slices.Equal(r.Keywords, []string{"late"}) {
				t.Errorf("the record %+v, %v", r, err)
			}
			m.whole(t)
		})
	}
}

// TestBadRequests wants scopes and keys to be checked before anything is read.
func TestBadRequests(t *testing.T) {
	g := graphtest.New(t)
	touched := false
	g.Break(func(resilience.Op) error { touched = true; return nil })
	for _, c := range []struct {
		s stores.Scope
		r saga.Request
	}{
		{stores.Scope{}, saga.Request{}}, {graphtest.Scope, saga.Request{Key: new(string(make([]byte, 256)))}}, {graphtest.Scope, saga.Request{Key: new("a\x00")}}, {graphtest.Scope, saga.Request{Key: new("\xff")}},
	} {
		if _, err := g.Writes.CreateTodo(t.Context(), c.s, c.r, &stores.Todo{Content: "x"}); !errors.Is(err, stores.ErrInvalid) || touched {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
