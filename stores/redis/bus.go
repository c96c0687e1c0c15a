package redis

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"sync/atomic"
	"time"

	driver "github.com/redis/go-redis/v9"

	"thalamus/stores"
)

// bus is Redis's publish and subscribe. A subscription has a connection of its own, beside the pool. What is lost between
// the servers of a cluster is not noticed.
type bus struct{ *DB }

var _ stores.Bus = bus{}

// How long a lost subscription waits before it is made again.
const (
	shortRest = 50 * time.Millisecond
	longRest  = 5 * time.Second
)

// stem begins the channels. Channels belong to a server, not to its databases, so it tells these apart.
func (b bus) stem() string { return fmt.Sprintf("%sbus:%d:", b.prefix, b.db) }

// Publish hands over a copy of the payload.
func (b bus) Publish(ctx context.Context, topic string, payload []byte) error {
	if err := stores.CheckMessage(topic, payload); err != nil {
		return err
	}
	text := string(payload)
	return do(ctx, b.DB, func(ctx context.Context) error {
		return b.client.Process(ctx, command(ctx, "publish", b.stem()+topic, text))
	})
}

// Subscribe returns when the server has confirmed every topic.
func (b bus) Subscribe(ctx context.Context, topics []string) (<-chan stores.Message, error) {
	if err := stores.CheckTopics(topics); err != nil {
		return nil, err
	}
	if err := ended(ctx); err != nil {
		return nil, err
	}
	s := &subscription{bus: b, feed: stores.NewFeed()}
	for _, topic := range distinct(topics) {
		s.channels = append(s.channels, b.stem()+topic)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.life, cancel)
	finish := func() { stop(); cancel() }
	first, err := aside(ctx, b.DB, s.open)
	if err != nil {
		finish()
		return nil, err
	}
	if !b.start(func() { s.listen(ctx, first) }) || !b.start(func() { defer finish(); s.feed.Deliver(ctx) }) {
		finish()
		return nil, stores.Unavailable(Name, driver.ErrClosed)
	}
	return s.feed.Messages(), nil
}

// subscription feeds one subscriber.
type subscription struct {
	bus
	channels []string
	feed     *stores.Feed
}

// ear is one connection of a subscription.
type ear struct {
	*driver.PubSub
	stop  func() bool  // of what ends it with the context
	heard atomic.Int64 // when something was heard last, in nanoseconds since 1970
}

func (e *ear) close() {
	e.stop()
	_ = e.Close() // that it was closed before is no news
}

// open connects and waits until the server has confirmed every channel. The connection ends with the context.
func (s *subscription) open(ctx context.Context) (*ear, error) {
	e := &ear{PubSub: s.client.Subscribe(ctx, s.channels...)}
	e.stop = context.AfterFunc(ctx, func() { _ = e.Close() })
	for confirmed := 0; confirmed < len(s.channels); {
		said, err := e.ReceiveTimeout(ctx, s.timeout)
		if err != nil {
			e.close()
			return nil, err
		}
		if _, ok := said.(*driver.Subscription); ok {
			confirmed++
		}
		s.pass(said)
	}
	return e, nil
}

// pass feeds what is a message.
func (s *subscription) pass(said any) {
	if m, ok := said.(*driver.Message); ok {
		s.feed.Put(stores.Message{Topic: m.Channel[len(s.stem()):], Payload: []byte(m.Payload)})
	}
}

// listen hears until the context ends, and connects again whenever the connection is lost.
func (s *subscription) listen(ctx context.Context, e *ear) {
	for {
		s.hear(ctx, e)
		for rest := shortRest; ; rest = min(2*rest, longRest) {
			if s.sleep(ctx, rest/2+mathrand.N(rest)) != nil {
				return
			}
			var err error
			if e, err = s.open(ctx); err == nil {
				break
			}
		}
		s.feed.Put(stores.Message{Missed: true})
	}
}

// hear feeds messages until the connection is lost.
func (s *subscription) hear(ctx context.Context, e *ear) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer e.close()
	e.heard.Store(time.Now().UnixNano())
	if !s.start(func() { s.watch(ctx, e) }) {
		return
	}
	for {
		said, err := e.Receive(ctx)
		if err != nil {
			return
		}
		e.heard.Store(time.Now().UnixNano())
		s.pass(said)
	}
}

// watch asks for a sign of life now and then, and closes a connection that gives none: one whose other end vanished
// would be silent for ever.
func (s *subscription) watch(ctx context.Context, e *ear) {
	for s.sleep(ctx, s.timeout) == nil {
		silent := time.Since(time.Unix(0, e.heard.Load()))
		if silent > 2*s.timeout || e.Ping(ctx) != nil {
			_ = e.Close() // wakes up who hears
			return
		}
	}
}
