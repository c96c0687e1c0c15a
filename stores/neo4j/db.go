package neo4j

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/config"
	"github.com/neo4j/neo4j-go-driver/v5/neo4j/notifications"

	"thalamus/stores"
)

const backend = "neo4j"

// livenessCheck is how long a connection may idle before it is tested: a server that was started again meanwhile, or a
// firewall, may have dropped it.
const livenessCheck = 30 * time.Second

// DB is a database of a Neo4j server. It is safe for concurrent use.
type DB struct {
	driver    neo4j.DriverWithContext
	database  string
	namespace string                // before every scope, with a slash; or nothing
	bookmarks neo4j.BookmarkManager // so that in a cluster a read sees what this process wrote before
	pool      *pool
	closed    atomic.Bool
	pruned    atomic.Int64 // when old fences were last deleted, in seconds

	observe func(mode neo4j.AccessMode, text string, params map[string]any) // told of every statement; for tests
}

// Open connects to the server that a URL names, like neo4j://user:password@host:7687/database?pool=50, checks that it is
// one that this package can use, and makes the constraints and indexes that are missing. Without a path the database is
// "neo4j". docs/neo4j.md lists the options.
//
// A URL that cannot be right is [stores.ErrInvalid], a server that is too old or holds a newer schema
// [stores.ErrUnsupported], and one that cannot be reached [stores.ErrUnavailable].
func Open(ctx context.Context, url string) (*DB, error) {
	return open(ctx, url, (*DB).prepare)
}

// Look asks the server that a URL names about itself and about what it holds of ours, and makes nothing. The errors are
// those of [Open].
func Look(ctx context.Context, url string) (stores.Facts, error) {
	var f stores.Facts
	db, err := open(ctx, url, func(db *DB, ctx context.Context) (err error) {
		f, err = db.Facts(ctx)
		return err
	})
	if err != nil {
		return f, err
	}
	f.Pool = stores.Pool{} // of connections that are no more
	return f, db.Close()
}

// open connects, verifies and does what comes first.
func open(ctx context.Context, url string, first func(*DB, context.Context) error) (*DB, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := parse(url)
	if err != nil {
		return nil, err
	}
	token := neo4j.NoAuth()
	if s.user != "" {
		token = neo4j.BasicAuth(s.user, s.password, "")
	}
	driver, err := neo4j.NewDriverWithContext(s.target, token, s.configure)
	if err != nil {
		return nil, wrong("the URL cannot be used; write it like %s", exampleURL)
	}
	db := &DB{
		driver: driver, database: s.database, namespace: s.prefix(), pool: newPool(s.pool, s.poolTimeout),
		bookmarks: neo4j.NewBookmarkManager(neo4j.BookmarkManagerConfig{}),
	}
	if err = db.verify(ctx); err == nil {
		err = first(db, ctx)
	}
	if err != nil {
		_ = db.Close()
		return nil, explain(ctx, s, err)
	}
	return db, nil
}

func (s settings) configure(c *config.Config) {
	c.MaxConnectionPoolSize = s.pool
	c.MaxConnectionLifetime = s.maxLifetime
	c.ConnectionAcquisitionTimeout = s.poolTimeout
	c.ConnectionLivenessCheckTimeout = livenessCheck
	c.SocketConnectTimeout = s.connectTimeout
	c.MaxTransactionRetryTime = maxRetryTime
	c.NotificationsMinSeverity = notifications.DisabledLevel
	c.TelemetryDisabled = true
}

// Name is the product.
func (db *DB) Name() string { return backend }

// Ping asks the server whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	_, err := db.read(ctx, bare().add("RETURN 1"))
	return err
}

// Close closes every connection; calls that are under way fail. Closing twice is fine.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	ctx := context.Background()
	return translate(ctx, db.driver.Close(ctx))
}

var errClosed = errors.New("it was closed")

// usable says why a call cannot start: the context is over or the database is closed.
func (db *DB) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.closed.Load() {
		return stores.Unavailable(backend, errClosed)
	}
	return nil
}
