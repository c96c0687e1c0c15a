package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	_ "modernc.org/sqlite" // the driver

	"thalamus/stores"
	"thalamus/stores/relational"
)

const (
	backend      = "sqlite"
	databaseFile = "thalamus.db"
	lockFile     = "thalamus.lock"
)

// Options tune a database; the zero value is right for most uses.
type Options struct {
	// MmapSize is how many bytes of the file are read through memory mapping, which lets readers run in parallel.
	// 0 means 1 GiB; negative turns mapping off, as a network file system needs.
	MmapSize int64
	// Synchronous is "NORMAL" (default: a commit survives the death of the process) or "FULL" (also a power failure).
	Synchronous string
	// Readers is the size of the reader pool; 0 means one per CPU, at least four.
	Readers int
}

func (o Options) withDefaults() (Options, error) {
	if o.MmapSize == 0 {
		o.MmapSize = 1 << 30
	}
	o.MmapSize = max(o.MmapSize, 0)
	o.Synchronous = strings.ToUpper(o.Synchronous)
	if o.Synchronous == "" {
		o.Synchronous = "NORMAL"
	}
	if o.Synchronous != "NORMAL" && o.Synchronous != "FULL" {
		return o, stores.Invalid("synchronous", "must be NORMAL or FULL")
	}
	if o.Readers <= 0 {
		o.Readers = max(4, runtime.NumCPU())
	}
	return o, nil
}

// DB is an open data directory. It is safe for concurrent use.
type DB struct {
	readers *sql.DB
	writer  *sql.DB
	lock    *os.File
	closed  atomic.Bool
	turn    chan struct{}        // holds one token while a transaction runs, so that writers queue and their afterCommit keeps order
	rows    *relational.Database // the machinery of rows over all this
	maxWalk int                  // how many edges a walk may follow
	vectors vectorState          // what the vectors keep in memory
}

// Open opens the data directory dir, creating it (mode 0700) and its database when they do not exist, and brings the
// database to the current schema. The parent of dir must exist. A directory that another process has open is refused
// with [stores.ErrUnavailable], one that a newer version wrote with [stores.ErrUnsupported].
func Open(ctx context.Context, dir string, o Options) (*DB, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if dir, err = makeDirectory(dir); err != nil {
		return nil, err
	}
	lock, err := acquireLock(dir)
	if err != nil {
		return nil, err
	}
	db := &DB{lock: lock, turn: make(chan struct{}, 1), maxWalk: maxWalk}
	db.rows = relational.New(engine{db}, dialect{})
	if db.writer, err = connect(dir, o, "_txlock=immediate", 1); err == nil {
		if err = db.migrate(ctx, dir); err == nil {
			db.readers, err = connect(dir, o, "_pragma=query_only(1)", o.Readers)
		}
	}
	if err != nil {
		_ = db.Close()
		return nil, translate(err)
	}
	return db, nil
}

func makeDirectory(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", unusable(dir, "its path cannot be resolved", err)
	}
	switch err = os.Mkdir(abs, 0o700); {
	case err == nil:
		return abs, nil
	case errors.Is(err, fs.ErrNotExist):
		return "", unusable(abs, "its parent directory does not exist: create it, or choose another data directory", err)
	case !errors.Is(err, fs.ErrExist):
		return "", unusable(abs, "it cannot be created: make its parent writable, or choose another data directory", err)
	}
	if info, err := os.Stat(abs); err != nil || !info.IsDir() {
		return "", unusable(abs, "it is not a directory: choose another data directory", err)
	}
	return abs, nil
}

// acquireLock claims the directory for this process; the operating system lets go of the claim when the process dies.
func acquireLock(dir string) (*os.File, error) {
	f, err := lockExclusively(filepath.Join(dir, lockFile))
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, errLocked):
		return nil, unusable(dir, "another process has it open: stop that one, or choose another data directory", nil)
	}
	return nil, unusable(dir, "it is not writable: change its permissions, or choose another data directory", err)
}

func unusable(dir, why string, cause error) error {
	return &stores.Error{Kind: stores.ErrUnavailable, Backend: backend, Cause: cause,
		Message: fmt.Sprintf("the data directory %s cannot be used; %s", dir, why)}
}

// connect opens a pool of at most n connections to the database of dir.
func connect(dir string, o Options, extra string, n int) (*sql.DB, error) {
	path := filepath.ToSlash(filepath.Join(dir, databaseFile))
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // file:///C:/…
	}
	dsn := (&url.URL{Scheme: "file", Path: path}).String() + fmt.Sprintf(
		"?%s&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(%s)&_pragma=mmap_size(%d)&_pragma=cache_size(-65536)&_pragma=temp_store(MEMORY)",
		extra, o.Synchronous, o.MmapSize)
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	return pool, nil
}

// Name is the product.
func (db *DB) Name() string { return backend }

// Local says that it is part of this process.
func (db *DB) Local() {}

// Ping reads from the database.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	var one int
	return translate(db.readers.QueryRowContext(ctx, "SELECT 1 FROM sqlite_schema").Scan(&one))
}

// Close waits for the running transaction, closes the database and releases the directory. Closing twice is fine.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	db.turn <- struct{}{}
	defer func() { <-db.turn }()
	var errs []error
	for _, pool := range []*sql.DB{db.readers, db.writer} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	return translate(errors.Join(append(errs, db.lock.Close())...))
}

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
