package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unique"

	"thalamus/stores"
)

// subscriber follows the events of a scope. It keeps the cursor of the latest, and goes on behind it when it was cut off.
type subscriber struct {
	run    *run
	name   string
	scope  stores.Scope
	socket bool // it listens over WebSockets, else over event streams
	nodes  bool // it asks for the nodes of events, too
	at     int  // the gateway that it asks
	dice   *rand.Rand

	cursor   string
	told     []name
	caughtUp []time.Duration
	lag      []time.Duration
	left     int // how often it went by itself

	visits, heard atomic.Int64 // connections over which it caught up; events
}

// occurrence is an event as a gateway tells it.
type occurrence struct {
	Type                   string `json:"__typename"`
	Cursor, PreviousCursor string
	At                     time.Time
	ID, Kind, State        string
	Version                int
}

// name is the same as [nameOf] gives.
func (o occurrence) name() name {
	types := map[string]stores.EventType{
		"MemoryCreated": stores.NodeCreated, "MemoryUpdated": stores.NodeUpdated, "MemoryForgotten": stores.NodeForgotten, "SagaChanged": stores.SagaMoved,
	}
	ref := refOf(o.ID)
	return unique.Make(fmt.Sprint(types[o.Type], " ", ref.Kind, " ", ref.ID, " ", o.Version, " ", o.State))
}

// work connects again and again while there is writing, and a last time until it has heard everything.
func (s *subscriber) work(writing, end context.Context) {
	for end.Err() == nil {
		last := writing.Err() != nil
		if s.visit(writing, end, last) && last {
			return
		}
		rest(end, time.Duration(s.dice.Int64N(int64(20*time.Millisecond))))
	}
	s.run.book.complain("%s did not hear the end", s.name)
}

// visit connects once and says whether it caught up. A last visit ends there; others when the subscriber has had enough.
func (s *subscriber) visit(writing, end context.Context, last bool) (caughtUp bool) {
	ctx, leave := context.WithTimeout(writing, time.Duration(s.dice.Int64N(int64(s.run.stay()))))
	if last {
		leave()
		ctx, leave = context.WithTimeout(end, time.Minute)
	}
	defer leave()
	url := s.run.gateways[s.at].url.Load()
	if url == nil {
		s.at = (s.at + 1) % len(s.run.gateways)
		return false
	}
	begun := time.Now()
	line, err := s.connect(ctx, *url)
	if err != nil {
		return false
	}
	defer line.close()
	for !caughtUp || !last {
		o, err := line.next(ctx)
		if err != nil {
			s.lost(ctx, err)
			break
		}
		if s.hear(o, caughtUp) && !caughtUp {
			caughtUp = true
			s.caughtUp = append(s.caughtUp, time.Since(begun))
			s.visits.Add(1)
		}
	}
	return caughtUp
}

// lost notes how a connection came to its end.
func (s *subscriber) lost(ctx context.Context, err error) {
	var refused *refusedError
	switch {
	case ctx.Err() != nil:
		s.left++
	case asRefused(err, &refused) && !slices.Contains(passing, refused.code):
		s.run.book.complain("%s: %v", s.name, err)
	}
}

// hear takes an event in, and says whether it tells that all was told.
func (s *subscriber) hear(o occurrence, live bool) (caughtUp bool) {
	if s.cursor != "" && o.PreviousCursor != s.cursor {
		s.run.book.complain("%s: after the cursor %s comes %+v", s.name, s.cursor, o)
	}
	s.cursor = o.Cursor
	switch o.Type {
	case "CaughtUp":
		return true
	case "MemoryCreated", "MemoryUpdated", "MemoryForgotten", "SagaChanged":
		if live {
			s.lag = append(s.lag, time.Since(o.At))
		}
		s.told = append(s.told, o.name())
		s.heard.Add(1)
	default:
		s.run.book.complain("%s was told %+v", s.name, o)
	}
	return false
}

// judge compares what a subscriber was told with what happened.
func (s *subscriber) judge(happened []name) (lost, repeated int) {
	if slices.Equal(s.told, happened) {
		return 0, 0
	}
	count := map[name]int{}
	for _, n := range s.told {
		count[n]++
		if count[n] > 1 {
			repeated++
		}
	}
	for _, n := range happened {
		if count[n] == 0 {
			lost++
		}
	}
	at := 0
	for at < min(len(s.told), len(happened)) && s.told[at] == happened[at] {
		at++
	}
	s.run.book.complain("%s lost %d of %d events and was told %d twice; it differs from number %d on: %s, not %s", s.name, lost,
		len(happened), repeated, at, around(s.told, at), around(happened, at))
	return lost, repeated
}

// around shows the names at a place.
func around(names []name, at int) string {
	var out []string
	for _, n := range names[at:min(at+3, len(names))] {
		out = append(out, n.Value())
	}
	return strings.Join(out, "; ")
}
