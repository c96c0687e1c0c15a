package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"thalamus/stores"
)

// Look asks the server that a URL names about itself and about the database, and neither creates nor changes anything.
func Look(ctx context.Context, url string) (stores.Facts, error) {
	c, err := parse(url)
	if err != nil {
		return stores.Facts{}, err
	}
	connection, err := c.connection()
	if err != nil {
		return stores.Facts{}, err
	}
	server, err := c.greet(ctx, connection)
	if number(err) == unknownDatabase {
		return c.absent(ctx, connection)
	}
	if err != nil {
		return stores.Facts{}, c.refused(ctx, err)
	}
	connection.Params = server.session()
	db, err := c.connect(connection, server)
	if err != nil {
		return stores.Facts{}, err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	if err := refuseForeign(ctx, db.pool, c.database); err != nil {
		return stores.Facts{}, db.rows.Ended(ctx, err)
	}
	facts, err := db.Facts(ctx)
	facts.Pool = stores.Pool{} // of a pool that is no more
	return facts, err
}

// absent are the facts of a server that does not have the database, which comes with the first start.
func (c config) absent(ctx context.Context, connection *driver.Config) (stores.Facts, error) {
	connection = connection.Clone()
	connection.DBName = ""
	server, err := c.greet(ctx, connection)
	if err != nil {
		return stores.Facts{}, c.refused(ctx, err)
	}
	return stores.Facts{
		Empty: true, Product: server.product(), Version: server.version,
		Schema: fmt.Sprintf("no database %s yet; the first start creates it, where the user may", c.database),
	}, nil
}

// Facts asks the server.
func (db *DB) Facts(ctx context.Context) (stores.Facts, error) {
	if err := db.usable(ctx); err != nil {
		return stores.Facts{}, err
	}
	var micros int64
	if err := db.pool.QueryRowContext(ctx, "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)").Scan(&micros); err != nil {
		return stores.Facts{}, db.rows.Ended(ctx, err)
	}
	schema, err := db.schema(ctx)
	if err != nil {
		return stores.Facts{}, db.rows.Ended(ctx, err)
	}
	empty, entities := true, false
	if !strings.HasPrefix(schema, noSchema) {
		scopes, err := db.Scopes().Scopes(ctx)
		if err == nil {
			err = db.pool.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM entity_records)").Scan(&entities)
		}
		if err != nil {
			return stores.Facts{}, db.rows.Ended(ctx, err)
		}
		empty = len(scopes) == 0
	}
	return stores.Facts{
		Empty: empty, Entities: entities,
		Product: db.server.product(), Version: db.server.version, Schema: schema, Clock: time.UnixMicro(micros).UTC(), Pool: db.Pool(),
	}, nil
}

const noSchema = "none yet"

// schema says which version of the schema the database has, and which this program brings.
func (db *DB) schema(ctx context.Context) (string, error) {
	provider, err := newProvider(db.pool)
	if err != nil {
		return "", err
	}
	sources := provider.ListSources()
	newest := sources[len(sources)-1].Version
	var have sql.NullInt64
	there, err := hasSchemaTable(ctx, db.pool)
	if err == nil && there {
		err = db.pool.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+schemaTable+" WHERE is_applied").Scan(&have)
	}
	switch {
	case err != nil && !errors.Is(err, sql.ErrNoRows):
		return "", err
	case have.Int64 == 0:
		return fmt.Sprintf(noSchema+"; version %d comes with the first start", newest), nil
	case have.Int64 < newest:
		return fmt.Sprintf("version %d; version %d comes with the next start", have.Int64, newest), nil
	case have.Int64 > newest:
		return "", stores.Unsupported(db.Name(), "the database has schema version %d, and this program knows versions up to %d; "+
			"run the newer Thalamus that wrote it, or name another database", have.Int64, newest)
	}
	return fmt.Sprintf("version %d", newest), nil
}

// Pool counts connections without asking the server. What could not be had is not counted: a caller's patience ends first.
func (db *DB) Pool() stores.Pool {
	s := db.pool.Stats()
	return stores.Pool{
		Open: s.OpenConnections, InUse: s.InUse, Limit: s.MaxOpenConnections,
		Taken: db.taken.Load(), Waits: s.WaitCount, Waited: s.WaitDuration,
	}
}
