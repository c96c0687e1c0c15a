package resilience

import (
	"container/list"
	"reflect"
	"strings"
	"sync"
	"time"

	"thalamus/stores"
)

// memory keeps what servers answered, for as long as it may stand in for an answer of theirs. It is bounded in bytes, and
// lets go first what it has kept for longest. What it keeps is shared with those who asked: nobody may change it.
type memory struct {
	limit time.Duration // how old an answer may get
	room  int           // bytes

	announce func(shelf) // tells other gateways what a write of this one has made old; may be nil

	mu      sync.Mutex
	latest  *list.List // of *kept, the latest first
	shelves map[shelf]*shelved
	used    int
	emptied time.Time // when everything was let go
	sweepAt int       // how many shelves there may be before empty ones are looked for
}

// shelf is what one write makes old, all at once.
type shelf struct {
	scope stores.Scope
	part  string
}

// shelved is what stands on a shelf.
type shelved struct {
	kept    map[asked]map[string]*list.Element // by key
	written time.Time                          // when a write ended that made old what was asked for before
}

// asked is what answers to one question have in common, whatever the keys.
type asked struct {
	op   string
	args [32]byte // a hash
}

// question is a read without its keys.
type question struct {
	shelf shelf
	asked asked
}

// kept is the answer about one key.
type kept struct {
	*question
	key   string
	value any // absent{} when there is nothing under the key
	asOf  time.Time
	size  int
}

// absent stands for a key that an answer about others did not have.
type absent struct{}

const (
	keptSize   = 400  // bytes that an answer takes beside its value, roughly
	fewShelves = 1024 // are not worth a look for empty ones
)

func newMemory(limit time.Duration, room int) *memory {
	return &memory{limit: limit, room: room, latest: list.New(), shelves: map[shelf]*shelved{}, sweepAt: fewShelves}
}

// put keeps answers, unless a write has ended since they were asked for.
func (m *memory) put(all []*kept) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range all {
		s := m.at(k.shelf)
		if !k.asOf.After(s.written) || !k.asOf.After(m.emptied) || k.size > m.room {
			continue
		}
		if old := s.kept[k.asked][k.key]; old != nil {
			m.drop(old)
		}
		if s.kept[k.asked] == nil {
			s.kept[k.asked] = map[string]*list.Element{}
		}
		s.kept[k.asked][k.key] = m.latest.PushFront(k)
		m.used += k.size
	}
	for last := m.latest.Back(); last != nil && (m.used > m.room || m.old(last)); last = m.latest.Back() {
		m.drop(last)
	}
}

// get finds the answers to a question about all the keys, or none. One that says of every key that there is nothing is
// none either.
func (m *memory) get(q *question, keys []string) (found []*kept, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.shelves[q.shelf]
	if s == nil {
		return nil, false
	}
	for _, key := range keys {
		element := s.kept[q.asked][key]
		if element == nil || m.old(element) {
			return nil, false
		}
		k := element.Value.(*kept)
		_, without := k.value.(absent)
		found, ok = append(found, k), ok || !without
	}
	return found, ok
}

// written lets go what a write of this gateway has made old, here and elsewhere.
func (m *memory) written(s shelf) {
	m.forget(s)
	if m.announce != nil {
		m.announce(s)
	}
}

// forget lets go what a write has made old.
func (m *memory) forget(s shelf) {
	m.mu.Lock()
	defer m.mu.Unlock()
	on := m.at(s)
	for _, byKey := range on.kept {
		for _, element := range byKey {
			m.drop(element)
		}
	}
	on.written = time.Now()
}

// forgetAll lets go everything.
func (m *memory) forgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latest.Init()
	m.used = 0
	m.emptied = time.Now()
	for _, s := range m.shelves {
		clear(s.kept)
	}
}

func (m *memory) at(s shelf) *shelved {
	on := m.shelves[s]
	if on == nil {
		m.sweep()
		on = &shelved{kept: map[asked]map[string]*list.Element{}}
		m.shelves[s] = on
	}
	return on
}

// sweep takes away shelves that are empty and on which no read that is under way could put anything that is old.
func (m *memory) sweep() {
	if len(m.shelves) < m.sweepAt {
		return
	}
	for s, on := range m.shelves {
		if len(on.kept) == 0 && time.Since(on.written) > m.limit {
			delete(m.shelves, s)
		}
	}
	m.sweepAt = max(2*len(m.shelves), fewShelves)
}

func (m *memory) drop(element *list.Element) {
	k := m.latest.Remove(element).(*kept)
	on := m.shelves[k.shelf]
	if delete(on.kept[k.asked], k.key); len(on.kept[k.asked]) == 0 {
		delete(on.kept, k.asked)
	}
	m.used -= k.size
}

func (m *memory) old(element *list.Element) bool {
	return time.Since(element.Value.(*kept).asOf) > m.limit
}

// part names what of a scope a write makes old: in the graph all things hang together, elsewhere each contract stands for
// itself.
func (o Op) part() string {
	if o.Role == stores.RoleGraph {
		return string(o.Role)
	}
	contract, _, _ := strings.Cut(o.Name, ".")
	return contract
}

// weigh estimates how many bytes a value takes.
func weigh(v any) int {
	if v == nil {
		return 0
	}
	return int(reflect.TypeOf(v).Size()) + beyond(reflect.ValueOf(v))
}

var instant = reflect.TypeFor[time.Time]()

// beyond counts the bytes that a value points to.
func beyond(v reflect.Value) (n int) {
	switch v.Kind() { //nolint:exhaustive // the others hold no pointers
	case reflect.String:
		return v.Len()
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			n = int(v.Elem().Type().Size()) + beyond(v.Elem())
		}
	case reflect.Struct:
		if v.Type() != instant {
			for i := range v.NumField() {
				n += beyond(v.Field(i))
			}
		}
	case reflect.Slice:
		n = v.Len() * int(v.Type().Elem().Size())
		if kind := v.Type().Elem().Kind(); kind >= reflect.Array { // not a number or a bool
			for i := range v.Len() {
				n += beyond(v.Index(i))
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			n += weighOf(entries.Key()) + weighOf(entries.Value())
		}
	}
	return n
}

func weighOf(v reflect.Value) int { return int(v.Type().Size()) + beyond(v) }
