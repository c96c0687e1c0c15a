package events

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"thalamus/stores"
)

// feed holds the latest events of one scope for all its subscribers. It lives as long as there is one.
type feed struct {
	hub   *Hub
	scope stores.Scope
	users int // guarded by the hub
	stop  context.CancelFunc
	woken chan struct{} // holds a token when the outbox is worth a look

	// Guarded by the hub: all events of the scope behind from, up to to, are in recent. more is closed when to rises.
	recent   []stores.Event
	from, to int64
	more     chan struct{}
}

// join gives the feed of a scope, and what to call when it is needed no more.
func (h *Hub) join(s stores.Scope, end int64) (f *feed, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f = h.feeds[s]
	if f == nil {
		ctx, stop := context.WithCancel(context.Background())
		f = &feed{hub: h, scope: s, stop: stop, woken: make(chan struct{}, 1), more: make(chan struct{}), from: end, to: end}
		h.feeds[s] = f
		go f.run(ctx)
		f.wake()
	}
	f.users++
	return f, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if f.users--; f.users == 0 {
			f.stop()
			delete(h.feeds, s)
		}
	}
}

func (f *feed) wake() {
	select {
	case f.woken <- struct{}{}:
	default:
	}
}

// run reads what is new until nobody wants it.
func (f *feed) run(ctx context.Context) {
	poll := time.NewTicker(f.hub.options.Poll)
	defer poll.Stop()
	failing := false
	for {
		select {
		case <-f.woken:
		case <-poll.C:
		case <-ctx.Done():
			return
		}
		err := f.read(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			f.hub.options.Log.WarnContext(ctx, "cannot read events; trying on", slog.Any("error", err))
		}
		failing = err != nil
	}
}

// page is how many events are read at once.
const page = 500

// read takes over what the outbox has behind the latest event that is known.
func (f *feed) read(ctx context.Context) error {
	for {
		f.hub.mu.Lock()
		to := f.to
		f.hub.mu.Unlock()
		events, err := f.hub.outbox.After(ctx, f.scope, to, page)
		if err != nil || len(events) == 0 {
			return err
		}
		f.add(events)
		if len(events) < page {
			return nil
		}
	}
}

// add keeps events, lets go those that are too many, and wakes subscribers.
func (f *feed) add(events []stores.Event) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	f.recent = append(f.recent, events...)
	f.to = events[len(events)-1].Position
	if over := len(f.recent) - f.hub.options.Recent; over > 0 {
		f.from = f.recent[over-1].Position
		f.recent = slices.Clone(f.recent[over:])
	}
	close(f.more)
	f.more = make(chan struct{})
}

// after gives the events behind a position. It is not ok when some of them are not kept any more. more is closed when there
// are newer ones.
func (f *feed) after(position int64) (events []stores.Event, more <-chan struct{}, ok bool) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	if position < f.from {
		return nil, nil, false
	}
	at, _ := slices.BinarySearchFunc(f.recent, position+1, func(e stores.Event, p int64) int { return int(e.Position - p) })
	return f.recent[at:len(f.recent):len(f.recent)], f.more, true
}
