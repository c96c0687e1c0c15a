package mysql

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"thalamus/stores"
	"thalamus/stores/relational"
)

// maxIdleTime is how long a connection that nobody uses stays open.
const maxIdleTime = 5 * time.Minute

// DB is an open database. It is safe for concurrent use.
type DB struct {
	pool   *sql.DB
	server server
	rows   *relational.Database
	closed atomic.Bool
	taken  atomic.Int64 // connections from the pool
}

// Open connects to the database that a URL names, mysql://user:password@host:3306/database, and brings it to the current
// schema. A database that does not exist is created where the user may do so. Options of the URL are ca, connect_timeout,
// lifetime, pool and tls; docs/mysql.md explains them.
//
// A wrong URL, a database in which others have tables of our names, and what the server refuses for good, such as a
// password, are [stores.ErrInvalid]; a server that is older than MariaDB 10.11 or MySQL 8.0.17, and a database that a newer
// version wrote, are [stores.ErrUnsupported]; what may pass is [stores.ErrUnavailable].
func Open(ctx context.Context, url string) (*DB, error) {
	c, err := parse(url)
	if err != nil {
		return nil, err
	}
	return open(ctx, c, true)
}

func open(ctx context.Context, c config, interpolate bool) (*DB, error) {
	connection, err := c.connection()
	if err != nil {
		return nil, err
	}
	connection.InterpolateParams = interpolate
	server, err := c.greet(ctx, connection)
	if number(err) == unknownDatabase {
		if err = c.create(ctx, connection); err == nil {
			server, err = c.greet(ctx, connection)
		}
	}
	if err != nil {
		return nil, c.refused(ctx, err)
	}
	connection.Params = server.session()
	err = apart(connection, func(pool *sql.DB) error { return migrate(ctx, pool, server, c.database) })
	if err != nil {
		return nil, translate(server.name(), err)
	}
	return c.connect(connection, server)
}

// connect makes the pool for a server that is known.
func (c config) connect(connection *driver.Config, s server) (*DB, error) {
	connector, err := driver.NewConnector(connection)
	if err != nil {
		return nil, err
	}
	db := &DB{pool: sql.OpenDB(connector), server: s}
	db.rows = relational.New(engine{db}, dialect{})
	db.pool.SetMaxOpenConns(c.pool)
	db.pool.SetMaxIdleConns(c.pool)
	db.pool.SetConnMaxIdleTime(maxIdleTime)
	db.pool.SetConnMaxLifetime(c.lifetime)
	return db, nil
}

// apart runs fn on a pool of its own, which is closed afterwards.
func apart(connection *driver.Config, fn func(*sql.DB) error) error {
	connector, err := driver.NewConnector(connection)
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	defer pool.Close() //nolint:errcheck // what was written is committed
	return fn(pool)
}

// create creates the database.
func (c config) create(ctx context.Context, connection *driver.Config) error {
	connection = connection.Clone()
	connection.DBName = ""
	return apart(connection, func(pool *sql.DB) error {
		_, err := pool.ExecContext(ctx, "CREATE DATABASE IF NOT EXISTS "+quoted(c.database)+" CHARACTER SET utf8mb4")
		return err
	})
}

// refused says why there is no connection, and what to do.
func (c config) refused(ctx context.Context, err error) error {
	var known *stores.Error
	if errors.As(err, &known) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var untrusted *tls.CertificateVerificationError
	message, kind := "", stores.ErrInvalid // what waiting does not mend
	switch n := number(err); {
	case n == deniedDatabase:
		message = fmt.Sprintf("there is no database %[1]s that the user %[2]s may use or create; let an administrator run: "+
			"CREATE DATABASE %[3]s CHARACTER SET utf8mb4; GRANT ALL ON %[3]s.* TO %[4]s", c.database, c.user, quoted(c.database), account(c.user))
	case n == deniedUser:
		message = fmt.Sprintf("the server at %s does not accept the user %s or its password; correct them in the URL", c.address, c.user)
	case errors.Is(err, driver.ErrNoTLS):
		message = fmt.Sprintf("the server at %s offers no TLS; switch it on there, or leave tls out of the URL", c.address)
	case errors.As(err, &untrusted):
		message = fmt.Sprintf("the certificate of the server at %s is not trusted; name the file of its authority by ca in the URL", c.address)
	case n == 0:
		kind = stores.ErrUnavailable
		message = fmt.Sprintf("no MySQL or MariaDB server answers at %s; start it, or correct the host and port of the URL", c.address)
	default:
		kind = stores.ErrUnavailable
		message = fmt.Sprintf("the server at %s refuses the connection", c.address)
	}
	return &stores.Error{Kind: kind, Backend: "mysql", Message: message, Cause: err}
}

// quoted is a name as SQL wants it.
func quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// account is a user from anywhere.
func account(user string) string { return "'" + strings.ReplaceAll(user, "'", "''") + "'@'%'" }

// Name is the product: mysql or mariadb.
func (db *DB) Name() string { return db.server.name() }

// Ping asks the server whether it is there.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.usable(ctx); err != nil {
		return err
	}
	return db.rows.Ended(ctx, db.pool.PingContext(ctx))
}

// Close closes the connections, each when the call that uses it has ended. Closing twice is fine.
func (db *DB) Close() error {
	if db.closed.Swap(true) {
		return nil
	}
	return db.translate(db.pool.Close())
}

// Atomic runs fn in one transaction over all the records: calls made with fn's context join it. It commits when fn
// returns nil and leaves nothing behind when fn fails. What fn has read stays so until the transaction ends. fn runs once:
// when two transactions wait for each other one of them ends with [stores.ErrUnavailable], and may be run again.
func (db *DB) Atomic(ctx context.Context, fn func(context.Context) error) error {
	return db.rows.Atomic(ctx, fn)
}

// usable says why a call cannot start: the context is over or the database is closed.
func (db *DB) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if db.closed.Load() {
		return stores.Unavailable(db.Name(), errClosed)
	}
	return nil
}

func (db *DB) translate(err error) error { return translate(db.Name(), err) }
