package resilience

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"thalamus/stores"
)

// Change is a breaker that moved.
type Change struct {
	Backend    string
	Roles      []stores.Role // that it plays
	Breaker    BreakerState
	RetryAfter time.Duration // how long it stays open
	At         time.Time
}

// feed tells changes to those who listen.
type feed struct {
	mu        sync.Mutex
	listeners map[chan Change]bool
}

// behind is how many changes a listener may be behind; then it misses some.
const behind = 64

func (f *feed) tell(c Change) {
	c.At = stores.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		select {
		case l <- c:
		default:
		}
	}
}

// Watch tells every breaker that is not closed, and then every one that moves, in order, until ctx ends. It asks for guards that have protection. Whoever does not
// read for long misses changes; [Guards.Status] says how it is.
func (g Guards) Watch(ctx context.Context) <-chan Change {
	l := make(chan Change, behind)
	f := g.changes()
	if f == nil {
		context.AfterFunc(ctx, func() { close(l) })
		return l
	}
	f.add(l)
	context.AfterFunc(ctx, func() { f.remove(l) })
	for _, guard := range slices.Compact(slices.SortedFunc(maps.Values(g), byName)) {
		if s := guard.Status(); s.Breaker != BreakerClosed {
			select {
			case l <- Change{Backend: s.Backend, Roles: s.Roles, Breaker: s.Breaker, RetryAfter: s.RetryAfter, At: stores.Now()}:
			case <-ctx.Done():
			}
		}
	}
	return l
}

// changes is where all guards that have protection tell that their breakers move; nil when none has.
func (g Guards) changes() *feed {
	for _, guard := range g {
		if guard.breaker != nil {
			return guard.breaker.changes
		}
	}
	return nil
}

func byName(a, b *Guard) int { return strings.Compare(a.backend.Name(), b.backend.Name()) }

func (f *feed) add(l chan Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners == nil {
		f.listeners = map[chan Change]bool{}
	}
	f.listeners[l] = true
}

func (f *feed) remove(l chan Change) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.listeners, l)
	close(l)
}

// Hold keeps every call from the backend of a role, for drills, or lets them through again. Roles that share a backend share
// this, too. A role that nobody plays, or a guard without protection, is [stores.ErrInvalid].
func (g Guards) Hold(role stores.Role, held bool) error {
	guard := g[role]
	if guard == nil || guard.breaker == nil {
		return stores.Invalid("role", "no backend plays the role %s here", role)
	}
	guard.breaker.hold(held)
	return nil
}
