package neo4j

import (
	"context"
	"fmt"
	"strings"

	"github.com/neo4j/neo4j-go-driver/v5/neo4j"

	"thalamus/stores"
)

// schemaVersion is the version of the data model of this package.
const schemaVersion = 1

// rule is a constraint or an index, by name.
type rule struct {
	name string
	make cypher
}

// rules are the constraints and indexes that there must be.
var rules = func() (all []rule) {
	add := func(kind, about cypher, name string, properties ...cypher) {
		on := "(n." + join(properties, ", n.") + ")"
		text := kind + " " + cypher(name) + " IF NOT EXISTS FOR " + about
		if kind == makeUnique {
			text += " REQUIRE " + on + " IS UNIQUE"
		} else {
			text += " ON " + on
		}
		all = append(all, rule{name, text})
	}
	for _, kind := range stores.EndpointKinds {
		add(makeUnique, "(n:"+labels[kind]+")", ruleName(labels[kind], "id"), "scope", "id")
	}
	add(makeUnique, "(n:"+labelScope+")", ruleName(labelScope, "key"), "key")
	add(makeUnique, "(n:"+labelSchema+")", ruleName(labelSchema, "name"), "name")
	add(makeUnique, "(n:"+labelFence+")", ruleName(labelFence, "saga"), "saga")
	add(makeIndex, "(n:"+labelFence+")", ruleName(labelFence, "at"), "at")
	add(makeIndex, "(n:"+labelMemory+")", ruleName(labelMemory, "id"), "scope", "id")
	add(makeIndex, "(n:Episode)", "thalamus_episode_timestamp", "scope", "timestamp")
	add(makeIndex, "(n:Episode)", "thalamus_episode_session", "scope", "session_id")
	add(makeIndex, "(n:Episode)", "thalamus_episode_position", "scope", "session_id", "position")
	add(makeIndex, "(n:Entity)", "thalamus_entity_name", "scope", "name")
	add(makeIndex, "(n:Entity)", "thalamus_entity_lineage", "scope", "lineage")
	add(makeIndex, "(n:Procedure)", "thalamus_procedure_name", "scope", "name")
	for _, t := range relationTypes {
		about := "()-[n:" + t + "]-()"
		add(makeUnique, about, ruleName(t, "id"), "scope", "id")
		add(makeUnique, about, ruleName(t, "key"), "scope", "source", "target", "label_key")
		add(makeIndex, about, ruleName(t, "weight"), "scope", "weight")
		add(makeIndex, about, ruleName(t, "use"), "scope", "last_co_access_at")
	}
	return all
}()

const (
	makeUnique cypher = "CREATE CONSTRAINT"
	makeIndex  cypher = "CREATE INDEX"
)

// ruleName names a rule after what it is about.
func ruleName(about cypher, property string) string {
	return "thalamus_" + strings.ToLower(string(about)) + "_" + property
}

// prepare makes the rules that are missing, waits until they work, and notes the version of the schema. Two processes may
// do so at once.
func (db *DB) prepare(ctx context.Context) error {
	version, err := db.schemaVersion(ctx)
	if err != nil {
		return err
	}
	if version > schemaVersion {
		return &stores.Error{Kind: stores.ErrUnsupported, Backend: backend, Message: fmt.Sprintf(
			"the database %q was written by a newer version of Thalamus (schema %d; this one knows %d): use that version, or name another database in the URL",
			db.database, version, schemaVersion)}
	}
	if err := db.makeRules(ctx); err != nil {
		return err
	}
	if _, err := db.read(ctx, bare().add("CALL db.awaitIndexes(300)")); err != nil || version == schemaVersion {
		return err
	}
	q := bare().with(map[string]any{"version": int64(schemaVersion)})
	_, err = db.write(ctx, q.add("MERGE (v:ThalamusSchema {name: 'graph'})",
		" SET v.version = CASE WHEN v.version > $p.version THEN v.version ELSE $p.version END"))
	return err
}

// schemaVersion is the version that the database notes, 0 when it is new.
func (db *DB) schemaVersion(ctx context.Context) (int, error) {
	return count(db.read(ctx, bare().add("MATCH (v:ThalamusSchema {name: 'graph'}) RETURN v.version")))
}

func (db *DB) makeRules(ctx context.Context) error {
	rows, err := db.read(ctx, bare().add("SHOW INDEXES YIELD name")) // a constraint has an index of its name
	if err != nil {
		return err
	}
	there := map[any]bool{}
	for _, row := range rows {
		there[row[0]] = true
	}
	for _, r := range rules {
		if there[r.name] {
			continue
		}
		if _, err := db.run(ctx, neo4j.AccessModeWrite, bare().add(r.make)); err != nil && !alreadyMade(err) {
			return err
		}
	}
	return nil
}

// alreadyMade says that another process made the rule at the same moment.
func alreadyMade(err error) bool {
	return strings.HasPrefix(code(err), "Neo.ClientError.Schema.") && strings.HasSuffix(code(err), "AlreadyExists")
}
