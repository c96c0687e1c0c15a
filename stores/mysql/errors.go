package mysql

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"

	driver "github.com/go-sql-driver/mysql"

	"thalamus/stores"
)

// Error numbers that mean something here. MySQL and MariaDB share those below 1900; see
// https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html and
// https://mariadb.com/kb/en/mariadb-error-code-reference/.
const (
	deniedDatabase   = 1044
	deniedUser       = 1045
	unknownDatabase  = 1049
	duplicateKey     = 1062
	unknownError     = 1105
	recordChanged    = 1020 // MariaDB: the row is newer than the snapshot of the transaction
	packetTooLarge   = 1153
	lockWaitTimeout  = 1205
	deadlock         = 1213
	valueOutOfRange  = 1264
	readOnlyServer   = 1290
	invalidText      = 1366
	dataTooLong      = 1406
	duplicateKeyName = 1586
	statementLogging = 1665
	groupRollback    = 3101
)

// passing are the errors of a server that may do it later: overloaded, going down, out of space, read-only for now.
var passing = map[uint16]bool{
	1021: true, 1037: true, 1038: true, 1040: true, 1041: true, 1047: true, 1053: true, 1077: true, 1078: true, 1079: true, 1114: true,
	1129: true, 1152: true, 1158: true, 1159: true, 1160: true, 1161: true, 1180: true, 1203: true, 1226: true, 1317: true,
	1792: true, 1836: true, 1927: true, 1969: true, 3024: true, 4031: true,
	recordChanged: true, lockWaitTimeout: true, deadlock: true, readOnlyServer: true, groupRollback: true,
}

// words say what an operator can do about an error.
var words = map[uint16]string{
	deniedDatabase:   "the user may not use the database: grant it SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER and INDEX there",
	deniedUser:       "the server does not accept the user or its password",
	unknownDatabase:  "the database is gone",
	1142:             "the user may not do this in the database: grant it SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER and INDEX there",
	1146:             "a table of the database is gone: restart the gateway, or restore the database",
	readOnlyServer:   "the server accepts no writes: name the primary server instead of a replica",
	1792:             "the server accepts no writes: name the primary server instead of a replica",
	1836:             "the server accepts no writes: name the primary server instead of a replica",
	statementLogging: "the server logs statements, with which writes at READ COMMITTED cannot be replicated: set binlog_format to ROW or MIXED",
}

// number is the server's error number, 0 when it is no error of the server.
func number(err error) uint16 {
	var e *driver.MySQLError
	if errors.As(err, &e) {
		return e.Number
	}
	return 0
}

// lost says that by this error the server ended the transaction, or may have: some servers do so after a lock wait too.
func lost(err error) bool { return again(err) || number(err) == lockWaitTimeout }

// again says that the transaction gave way to another, so that another try is likely to succeed at once.
func again(err error) bool {
	switch number(err) {
	case deadlock, recordChanged, groupRollback:
		return true
	}
	return false
}

// translate gives a driver's error its kind, in the name of the product. Errors that already have one, and those of
// contexts, stay as they are.
func translate(product string, err error) error {
	var known *stores.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var network *net.OpError // which passes for the end of a context when our own patience with the network ended
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) && !errors.As(err, &network) {
			return end
		}
	}
	out := &stores.Error{Backend: product, Cause: err}
	n := number(err)
	switch {
	case n == unknownError && strings.Contains(err.Error(), "max_allowed_packet"):
		out.Kind, out.Message = stores.ErrInvalid, "the record is larger than the server's max_allowed_packet; raise that, or store less in it"
	case n == duplicateKey || n == duplicateKeyName:
		out.Kind, out.Message = stores.ErrConflict, "another record already has this key"
	case n == packetTooLarge || n == dataTooLong || errors.Is(err, driver.ErrPktTooLarge):
		out.Kind, out.Message = stores.ErrInvalid, "the record is too large to store"
	case n == valueOutOfRange || n == invalidText:
		out.Kind, out.Message = stores.ErrInvalid, "the record holds a value that cannot be stored"
	case words[n] != "":
		out.Kind, out.Message = stores.ErrUnavailable, words[n]
	case passing[n] || broken(err):
		return stores.Unavailable(product, err)
	default:
		return err
	}
	return out
}

// broken says that the connection failed, or that there is none.
func broken(err error) bool {
	var network net.Error
	for _, end := range []error{driver.ErrInvalidConn, driver.ErrMalformPkt, driver.ErrBusyBuffer, sqldriver.ErrBadConn,
		sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	return errors.As(err, &network) || err.Error() == errClosed.Error()
}

// errClosed has the words of database/sql, which does not export its own.
var errClosed = errors.New("sql: database is closed")
