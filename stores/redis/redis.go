// Package redis plays the cache's role on Redis 6.2 or later, or on what speaks its protocol: a cache, locks and a bus
// that all gateways share. One server, a master behind sentinels and a cluster will do.
package redis

import (
	"context"
	"sync"

	driver "github.com/redis/go-redis/v9"

	"thalamus/stores"
)

// Name is the name of this backend.
const Name = "redis"

// DB is a connection to Redis. It is safe for concurrent use.
type DB struct {
	config
	client driver.UniversalClient
	turns  *turns

	life context.Context // ends with Close
	end  context.CancelFunc
	mu   sync.Mutex // between Close and what begins
	work sync.WaitGroup
}

var (
	_ stores.Backend  = (*DB)(nil)
	_ stores.Examined = (*DB)(nil)
)

// Open connects to the servers that a URL names, and sees that they let the gateway do what it needs:
//
//	redis://user:password@host:6379/0
//	redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0
//	redis+cluster://user:password@host1:6379,host2:6379
//
// rediss instead of redis stands for TLS. The query takes prefix (thalamus:), pool (50), pool_timeout, connect_timeout and
// timeout (5s each), ca (a file of certificates) and sentinel_auth (true when the sentinels want the same user and
// password).
//
// Errors: [stores.ErrInvalid] says what to correct in the URL or on the server, [stores.ErrUnavailable] that the servers
// cannot be reached.
func Open(ctx context.Context, url string) (*DB, error) {
	c, err := parse(url)
	if err != nil {
		return nil, err
	}
	client, err := c.connect()
	if err != nil {
		return nil, err
	}
	d := &DB{config: c, client: client, turns: newTurns(c.pool, c.poolTimeout)}
	d.life, d.end = context.WithCancel(context.Background())
	if err := d.verify(ctx); err != nil {
		_ = d.Close() // the first error says more
		return nil, err
	}
	return d, nil
}

// Cache is the cache of this deployment.
func (d *DB) Cache() stores.Cache { return cache{d} }

// Locks are those of this deployment.
func (d *DB) Locks() stores.Locks { return locks{d} }

// Bus is that of this deployment.
func (d *DB) Bus() stores.Bus { return bus{d} }

// Name is the product.
func (d *DB) Name() string { return Name }

// Ping asks every master whether it is there.
func (d *DB) Ping(ctx context.Context) error {
	return do(ctx, d, func(ctx context.Context) error {
		return d.eachServer(ctx, func(ctx context.Context, server *driver.Client) error {
			return server.Process(ctx, command(ctx, "ping"))
		})
	})
}

// Close ends subscriptions and connections and makes every later call fail.
func (d *DB) Close() error {
	d.mu.Lock()
	first := d.life.Err() == nil
	d.end()
	d.mu.Unlock()
	if !first {
		return nil
	}
	err := d.client.Close()
	d.work.Wait()
	return translate(context.Background(), err)
}

// start runs work on a goroutine that Close waits for. It is false after Close.
func (d *DB) start(work func()) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.Err() != nil {
		return false
	}
	d.work.Go(work)
	return true
}

// eachServer calls a function for every server that holds keys: side by side when there are several.
func (d *DB) eachServer(ctx context.Context, visit func(context.Context, *driver.Client) error) error {
	if all, ok := d.client.(*driver.ClusterClient); ok {
		return all.ForEachMaster(ctx, visit)
	}
	return visit(ctx, d.client.(*driver.Client))
}
