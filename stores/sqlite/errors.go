package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"thalamus/stores"
)

// errClosed has the words of database/sql, which does not export its own.
var errClosed = errors.New("sql: database is closed")

// rolledBack names the errors upon which SQLite may roll back by itself, see https://sqlite.org/lang_transaction.html.
func rolledBack(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_FULL, lib.SQLITE_IOERR, lib.SQLITE_NOMEM:
		return true
	}
	return false
}

// translate gives a driver's error its kind. Errors that already have one, and those of contexts, stay as they are.
func translate(err error) error {
	var known *stores.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return end
		}
	}
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, sql.ErrTxDone) || errors.Is(err, driver.ErrBadConn) ||
		err.Error() == errClosed.Error() {
		return stores.Unavailable(backend, err)
	}
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code() {
	case lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_ROWID:
		return &stores.Error{Kind: stores.ErrConflict, Message: "another record already has this key", Backend: backend, Cause: err}
	}
	switch e.Code() & 0xff {
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED, lib.SQLITE_INTERRUPT, lib.SQLITE_IOERR, lib.SQLITE_FULL, lib.SQLITE_CANTOPEN,
		lib.SQLITE_READONLY, lib.SQLITE_NOMEM, lib.SQLITE_PERM:
		return stores.Unavailable(backend, err)
	case lib.SQLITE_TOOBIG:
		return &stores.Error{Kind: stores.ErrInvalid, Message: "the record is too large to store", Backend: backend, Cause: err}
	}
	return err
}
