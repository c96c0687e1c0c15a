package mysql

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	driver "github.com/go-sql-driver/mysql"

	"thalamus/stores"
)

// server is what a server says of itself.
type server struct {
	mariadb bool
	version string
}

func (s server) product() string {
	if s.mariadb {
		return "MariaDB"
	}
	return "MySQL"
}

func (s server) name() string { return strings.ToLower(s.product()) }

// oldest are the first versions that have all that is used here: collations that compare bytes and do not pad, window
// functions, descending indexes.
var oldest = map[bool]string{true: "10.11", false: "8.0.17"}

// greet asks a server who it is, and refuses one that is too old.
func (c config) greet(ctx context.Context, connection *driver.Config) (s server, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.connectTimeout)
	defer cancel()
	err = apart(connection, func(pool *sql.DB) error {
		return pool.QueryRowContext(ctx, "SELECT VERSION()").Scan(&s.version)
	})
	if err != nil {
		return s, err
	}
	s.mariadb = strings.Contains(strings.ToLower(s.version), "mariadb")
	s.version, _, _ = strings.Cut(s.version, "-")
	if older(s.version, oldest[s.mariadb]) {
		return s, stores.Unsupported(s.name(), "the server at %s is %s %s; MariaDB %s or MySQL %s is needed, or later",
			c.address, s.product(), s.version, oldest[true], oldest[false])
	}
	return s, nil
}

// older compares versions number by number; what is no number is not older.
func older(version, than string) bool {
	have, want := strings.Split(version, "."), strings.Split(than, ".")
	for i := range min(len(have), len(want)) {
		h, err := strconv.Atoi(have[i])
		w, _ := strconv.Atoi(want[i]) // a constant
		if err != nil || h != w {
			return err == nil && h < w
		}
	}
	return false
}

// lockWait is how many seconds a statement waits for a row that another transaction has. A gateway that went away in the
// middle of such a wait keeps its own rows so long.
const lockWait = 5

// session are the variables of every connection: what the SQL here relies on, whatever the server's defaults are.
func (s server) session() map[string]string {
	isolation := "transaction_isolation"
	if s.mariadb {
		isolation = "tx_isolation" // the other name came with 11.1
	}
	return map[string]string{
		isolation: "'READ-COMMITTED'",
		// No value is cut to fit, and none is changed.
		"sql_mode":                 "'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'",
		"time_zone":                "'+00:00'",
		"autocommit":               "1",
		"innodb_lock_wait_timeout": fmt.Sprint(lockWait),
	}
}
