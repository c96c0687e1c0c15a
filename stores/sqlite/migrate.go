package sqlite

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"thalamus/stores"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the database to the newest schema this program knows.
func (db *DB) migrate(ctx context.Context, dir string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db.writer, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	have, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return unusable(dir, "its "+databaseFile+" cannot be read: check its permissions, or restore it from a backup", err)
	}
	if have > newest {
		return stores.Unsupported(backend, "the data directory %s has schema version %d, and this program knows versions up to %d; "+
			"run the newer Thalamus that wrote it, or choose another data directory", dir, have, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bringing %s from schema version %d to %d: %w", dir, have, newest, err)
	}
	return nil
}
