package neo4j

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"thalamus/stores"
)

// oldest is the oldest release that is served: the long-term release of Neo4j 5. Releases named after their year follow it.
const oldest = "5.26"

// verify asks the server who it is and refuses one that is too old.
func (db *DB) verify(ctx context.Context) error {
	f, err := db.identity(ctx)
	if err != nil {
		return err
	}
	if older(f.Version, oldest) {
		return &stores.Error{Kind: stores.ErrUnsupported, Backend: backend,
			Message: fmt.Sprintf("the server is version %s; upgrade it to %s or newer", f.Version, oldest)}
	}
	return nil
}

// identity is what the server says about itself.
func (db *DB) identity(ctx context.Context) (f stores.Facts, err error) {
	rows, err := db.read(ctx, bare().add("CALL dbms.components() YIELD name, versions, edition WHERE name = 'Neo4j Kernel'"+
		" RETURN versions[0], edition, datetime.realtime()"))
	if err != nil {
		return f, err
	}
	if len(rows) == 0 {
		return f, &stores.Error{Kind: stores.ErrUnsupported, Backend: backend, Message: "the server is not Neo4j: name one in the URL"}
	}
	version, _ := rows[0][0].(string)
	edition, _ := rows[0][1].(string)
	f = stores.Facts{Product: "Neo4j", Version: strings.TrimSpace(version + " " + edition)}
	if at, ok := rows[0][2].(time.Time); ok {
		f.Clock = at.UTC()
	}
	return f, nil
}

// older compares versions such as 5.26.18 or 2025.06 by their first two numbers.
func older(version, than string) bool {
	a, b := numbers(version), numbers(than)
	return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
}

func numbers(version string) (n [2]int) {
	for i, part := range strings.SplitN(version, ".", 3) {
		if i == len(n) {
			break
		}
		digits := part[:len(part)-len(strings.TrimLeft(part, "0123456789"))]
		n[i], _ = strconv.Atoi(digits)
	}
	return n
}

// Facts asks the server about itself.
func (db *DB) Facts(ctx context.Context) (stores.Facts, error) {
	f, err := db.identity(ctx)
	if err != nil {
		return f, err
	}
	q := bare()
	_, ours := db.ours(q)
	rows, err := db.read(ctx, q.add("OPTIONAL MATCH (v:ThalamusSchema {name: 'graph'}) RETURN coalesce(v.version, 0),"+
		" EXISTS { MATCH (s:Scope) WHERE "+ours+" },"+
		" EXISTS { MATCH (s:Scope) WHERE "+ours+" AND EXISTS { (:Entity {scope: s.key}) } }"))
	if err != nil {
		return f, err
	}
	f.Schema = fmt.Sprintf("version %d in database %s", rows[0][0], db.database)
	if rows[0][0] == int64(0) {
		f.Schema = fmt.Sprintf("none yet in database %s; version %d comes with the first start", db.database, schemaVersion)
	}
	if db.namespace != "" {
		f.Schema += ", namespace " + strings.TrimSuffix(db.namespace, "/")
	}
	f.Empty, f.Entities = rows[0][1] == false, rows[0][2] == true
	f.Pool = db.Pool()
	return f, nil
}
