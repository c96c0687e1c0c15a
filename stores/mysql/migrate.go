package mysql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"

	"thalamus/stores"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaTable says which migrations a database has.
const schemaTable = "thalamus_schema"

// migrationWait is how long a gateway waits for another that migrates the same database.
const migrationWait = time.Minute

// migrate brings the database to the newest schema this program knows. Of several gateways that start at once one
// migrates, and the others wait.
func migrate(ctx context.Context, pool *sql.DB, s server, database string) error {
	turn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer turn.Close() //nolint:errcheck // which ends the turn in any case
	release, err := takeTurn(ctx, turn, database)
	if err != nil {
		return err
	}
	defer release()
	provider, err := newProvider(pool)
	if err != nil {
		return err
	}
	have, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if have > newest {
		return stores.Unsupported(s.name(), "the database %s has schema version %d, and this program knows versions up to %d; "+
			"run the newer Thalamus that wrote it, or name another database", database, have, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bringing %s from schema version %d to %d: %w", database, have, newest, err)
	}
	return nil
}

func newProvider(pool *sql.DB) (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectMySQL, pool, files, goose.WithDisableGlobalRegistry(true), goose.WithTableName(schemaTable))
}

// takeTurn takes a lock of the server's, which belongs to the connection, and gives what lets go of it.
func takeTurn(ctx context.Context, conn *sql.Conn, database string) (release func(), err error) {
	hash := sha256.Sum256([]byte(database))
	name := "thalamus " + hex.EncodeToString(hash[:16]) // locks are of the whole server, and their names are short
	var taken sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", name, migrationWait.Seconds()).Scan(&taken); err != nil {
		return nil, err
	}
	if taken.Int64 != 1 {
		return nil, &stores.Error{Kind: stores.ErrUnavailable, Backend: "mysql",
			Message: fmt.Sprintf("another gateway has been migrating the database %s for more than %v; wait for it, or stop it", database, migrationWait)}
	}
	return func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK(?)", name) }, nil
}
