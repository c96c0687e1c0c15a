package inprocess

import (
	"context"
	"slices"
	"sync"

	"thalamus/stores"
)

// bus hands messages from publishers to the feeds of subscribers.
type bus struct {
	cache *Cache
	life  context.Context // ends with the cache
	end   context.CancelFunc

	mu    sync.RWMutex
	feeds map[string]map[*stores.Feed]bool // by topic
	work  sync.WaitGroup
}

var _ stores.Bus = (*bus)(nil)

func (b *bus) init(c *Cache) {
	b.cache, b.feeds = c, map[string]map[*stores.Feed]bool{}
	b.life, b.end = context.WithCancel(context.Background())
}

// Publish never waits for a subscriber.
func (b *bus) Publish(ctx context.Context, topic string, payload []byte) error {
	if err := b.cache.Ping(ctx); err != nil {
		return err
	}
	if err := stores.CheckMessage(topic, payload); err != nil {
		return err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	for feed := range b.feeds[topic] {
		feed.Put(stores.Message{Topic: topic, Payload: copied(payload)})
	}
	return nil
}

// Subscribe delivers until the context ends or the cache is closed.
func (b *bus) Subscribe(ctx context.Context, topics []string) (<-chan stores.Message, error) {
	if err := b.cache.Ping(ctx); err != nil {
		return nil, err
	}
	if err := stores.CheckTopics(topics); err != nil {
		return nil, err
	}
	topics = slices.Clone(topics)
	feed := stores.NewFeed()
	if !b.add(feed, topics) {
		return nil, stores.Unavailable(Name, nil)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(b.life, cancel)
	go func() {
		defer b.work.Done()
		defer cancel()
		defer stop()
		defer b.remove(feed, topics)
		feed.Deliver(ctx)
	}()
	return feed.Messages(), nil
}

// add is false when the bus was closed meanwhile.
func (b *bus) add(feed *stores.Feed, topics []string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.life.Err() != nil {
		return false
	}
	b.work.Add(1)
	for _, topic := range topics {
		if b.feeds[topic] == nil {
			b.feeds[topic] = map[*stores.Feed]bool{}
		}
		b.feeds[topic][feed] = true
	}
	return true
}

func (b *bus) remove(feed *stores.Feed, topics []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, topic := range topics {
		delete(b.feeds[topic], feed)
		if len(b.feeds[topic]) == 0 {
			delete(b.feeds, topic)
		}
	}
}

func (b *bus) close() {
	b.mu.Lock()
	b.end()
	b.mu.Unlock()
	b.work.Wait()
}
