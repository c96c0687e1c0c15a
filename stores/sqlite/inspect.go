package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"thalamus/stores"
)

// Facts is what can be learned about a data directory without changing it.
type Facts struct {
	Exists bool // there is a database in it
	Locked bool // a process has it open; what follows is then not known
	Holder int  // that process, where the system tells

	Version  string // of SQLite
	Schema   int64  // version of the stored schema
	Newest   int64  // version of the schema that this program brings
	Size     int64  // bytes of the database
	Modified time.Time
	Model    stores.Model // the embedder of the stored vectors; zero while there are none
	Empty    bool         // no noun is in it that has a vector
	Entities bool         // entities are in it
	Records  bool         // records that belong to entities are in it
	Latency  time.Duration
}

// Inspect looks at a data directory, and neither creates nor migrates anything.
func Inspect(ctx context.Context, dir string) (f Facts, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return f, unusable(dir, "its path cannot be resolved", err)
	}
	if f.Newest, err = newestSchema(); err != nil {
		return f, err
	}
	info, err := os.Stat(filepath.Join(dir, databaseFile))
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, unusable(dir, "its "+databaseFile+" cannot be read: check its permissions", err)
	}
	f.Exists, f.Size, f.Modified = true, info.Size(), info.ModTime()
	lock, err := lockExclusively(filepath.Join(dir, lockFile))
	if errors.Is(err, errLocked) {
		f.Locked, f.Holder = true, lockHolder(filepath.Join(dir, lockFile))
		return f, nil
	}
	if err != nil {
		return f, unusable(dir, "it is not writable: change its permissions, or choose another data directory", err)
	}
	defer lock.Close() //nolint:errcheck // nothing was written
	return f, translate(f.read(ctx, dir))
}

func newestSchema() (newest int64, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range files {
		version, err := goose.NumericComponent(name)
		if err != nil {
			return 0, err
		}
		newest = max(newest, version)
	}
	return newest, err
}

func (f *Facts) read(ctx context.Context, dir string) error {
	path := (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, databaseFile))}).String()
	db, err := sql.Open("sqlite", path+"?mode=ro&_pragma=busy_timeout(2000)")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it was only read
	start := time.Now()
	if err := db.QueryRowContext(ctx, "SELECT sqlite_version(), max(version_id) FROM goose_db_version WHERE is_applied").Scan(&f.Version, &f.Schema); err != nil {
		return err
	}
	f.Latency = time.Since(start)
	if f.Schema != f.Newest {
		return nil // where the model stands may have changed
	}
	if f.Model, err = readModel(ctx, db); err != nil {
		return err
	}
	var parts []string
	for _, table := range []string{"episodes", "entities", "procedures", "todos"} {
		parts = append(parts, "EXISTS (SELECT 1 FROM "+table+")")
	}
	return db.QueryRowContext(ctx, "SELECT NOT ("+strings.Join(parts, " OR ")+"), EXISTS (SELECT 1 FROM entities), EXISTS (SELECT 1 FROM entity_records)").
		Scan(&f.Empty, &f.Entities, &f.Records)
}
