package resilience

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"thalamus/stores"
)

// Degraded gathers what one response lacks, or has from an earlier answer, because backends are down. It may be used by
// many goroutines at once; a nil one gathers nothing.
type Degraded struct {
	mu      sync.Mutex
	partial bool
	sources map[stores.Role]DegradedSource
	fields  map[string]earlier
}

// earlier is when the answer that a path shows was read, and how old it might have been.
type earlier struct {
	asOf  time.Time
	limit time.Duration
}

type degradedKey struct{}

// WithDegraded lets reads under the context be answered from earlier answers while their backend is down, unless they are
// [stores.Strong], and has all that is missing or old gathered.
func WithDegraded(ctx context.Context) (context.Context, *Degraded) {
	d := &Degraded{sources: map[stores.Role]DegradedSource{}, fields: map[string]earlier{}}
	return context.WithValue(ctx, degradedKey{}, d), d
}

func degradedFrom(ctx context.Context) *Degraded {
	d, _ := ctx.Value(degradedKey{}).(*Degraded)
	return d
}

// missing notes a read that has no answer because its backend has none. What the cache lacks is read elsewhere.
func (d *Degraded) missing(e entry, err error) {
	if d == nil || e.op.Write || e.op.Role == stores.RoleCache || KindOf(err) != KindUnavailable {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.partial = true
	d.sources[e.op.Role] = e.guard.source(e.op.Role, err)
}

// stale notes a read that an earlier answer stands in for.
func (d *Degraded) stale(ctx context.Context, e entry, err error, from earlier) {
	paths, _ := ctx.Value(pathKey{}).([]string)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sources[e.op.Role] = e.guard.source(e.op.Role, err)
	for _, path := range paths {
		if known, ok := d.fields[path]; !ok || from.asOf.Before(known.asOf) {
			d.fields[path] = from
		}
	}
}

// Degradation says what of a response is missing or old: extensions.degraded. It names roles, never products or hosts.
type Degradation struct {
	Status  DegradedStatus   `json:"status"`
	Sources []DegradedSource `json:"sources"` // in the order of the roles
	Fields  []DegradedField  `json:"fields"`  // in the order of their paths
}

// DegradedStatus says how much a response suffers.
type DegradedStatus string

// How much a response suffers.
const (
	DegradedStale   DegradedStatus = "stale"   // it is whole, and some of it is old
	DegradedPartial DegradedStatus = "partial" // some of it is missing
)

// DegradedSource is a role whose backend did not answer.
type DegradedSource struct {
	Name         string      `json:"name"` // of the role, in lower case
	State        SourceState `json:"state"`
	RetryAfterMs int64       `json:"retryAfterMs,omitempty"` // when another try may go better, where that is known
}

// SourceState is what is wrong with a backend.
type SourceState string

// What can be wrong with a backend.
const (
	SourceOpen     SourceState = "open"      // it is left alone for a while
	SourceHalfOpen SourceState = "half_open" // it is being tried again
	SourceSlow     SourceState = "slow"      // it does not answer in time, or has no room for more
	SourceDown     SourceState = "down"      // it does not answer
)

// DegradedField is a path of the response, list indices left out, that shows an earlier answer.
type DegradedField struct {
	Path         []string  `json:"path"`
	From         string    `json:"from"` // always "cache"
	AgeMs        int64     `json:"ageMs"`
	AsOf         time.Time `json:"asOf"`
	StaleLimitMs int64     `json:"staleLimitMs"`
}

// Report is what was gathered, at an instant, usually now; nil when nothing is missing or old.
func (d *Degraded) Report(at time.Time) *Degradation {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.sources) == 0 {
		return nil
	}
	r := &Degradation{Status: DegradedStale, Fields: make([]DegradedField, 0, len(d.fields))}
	if d.partial {
		r.Status = DegradedPartial
	}
	for _, role := range roleOrder {
		if s, ok := d.sources[role]; ok {
			r.Sources = append(r.Sources, s)
		}
	}
	for path, from := range d.fields {
		r.Fields = append(r.Fields, DegradedField{
			Path: strings.Split(path, "/"), From: "cache", AgeMs: max(at.Sub(from.asOf).Milliseconds(), 0),
			AsOf: from.asOf.UTC().Truncate(time.Millisecond), StaleLimitMs: from.limit.Milliseconds(),
		})
	}
	slices.SortFunc(r.Fields, func(a, b DegradedField) int { return slices.Compare(a.Path, b.Path) })
	return r
}

// source says what is wrong with the guarded backend after a call failed.
func (g *Guard) source(role stores.Role, err error) DegradedSource {
	state, left := BreakerClosed, time.Duration(0)
	if g.breaker != nil {
		state, left = g.breaker.state()
	}
	var e *stores.Error
	if errors.As(err, &e) {
		left = cmp.Or(left, e.RetryAfter)
	}
	s := DegradedSource{Name: strings.ToLower(string(role)), State: SourceDown, RetryAfterMs: left.Milliseconds()}
	switch {
	case state == BreakerHeld:
		s.State, s.RetryAfterMs = SourceOpen, 0 // until an administrator lets go of it
	case state == BreakerOpen:
		s.State = SourceOpen
	case state == BreakerHalfOpen:
		s.State = SourceHalfOpen
	case errors.Is(err, errTimedOut), errors.Is(err, errRefused):
		s.State = SourceSlow
	}
	return s
}
