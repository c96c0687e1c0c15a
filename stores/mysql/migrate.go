package mysql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
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
	if err := refuseForeign(ctx, pool, database); err != nil {
		return err
	}
	if err := completeStart(ctx, pool); err != nil {
		return err
	}
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

// creations are what the migrations say where they create tables.
var creations = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS (\w+)`)

// tables are those that the migrations create.
func tables() (names []any, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range files {
		text, readErr := migrations.ReadFile(name)
		err = errors.Join(err, readErr)
		for _, found := range creations.FindAllSubmatch(text, -1) {
			names = append(names, string(found[1]))
		}
	}
	return names, err
}

// refuseForeign wants a database in which no table has a name that the migrations use, unless the schema table says that
// they were at work here. They make that one first, so one that was interrupted has it.
func refuseForeign(ctx context.Context, pool *sql.DB, database string) error {
	names, err := tables()
	if err != nil {
		return err
	}
	var foreign sql.NullString
	query := "SELECT MIN(table_name) FROM information_schema.tables WHERE table_schema = DATABASE()" +
		" AND table_name IN (?" + strings.Repeat(", ?", len(names)-1) + ")" +
		" AND NOT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?)"
	if err := pool.QueryRowContext(ctx, query, append(names, schemaTable)...).Scan(&foreign); err != nil || !foreign.Valid {
		return err
	}
	return &stores.Error{Kind: stores.ErrInvalid, Backend: "mysql", Message: fmt.Sprintf(
		"the database %s has a table %s that is not of Thalamus: name another database in the URL, which is created if it does not exist",
		database, foreign.String)}
}

// hasSchemaTable says whether migrations were ever at work in the database.
func hasSchemaTable(ctx context.Context, pool *sql.DB) (there bool, err error) {
	err = pool.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?)",
		schemaTable).Scan(&there)
	return there, err
}

// completeStart notes version 0, which goose wants to find, where the first start made the schema table and ended then.
func completeStart(ctx context.Context, pool *sql.DB) error {
	there, err := hasSchemaTable(ctx, pool)
	if err != nil || !there {
		return err
	}
	var noted bool
	err = pool.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+schemaTable+")").Scan(&noted)
	if err == nil && !noted {
		_, err = pool.ExecContext(ctx, "INSERT INTO "+schemaTable+" (version_id, is_applied) VALUES (0, TRUE)")
	}
	return err
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
