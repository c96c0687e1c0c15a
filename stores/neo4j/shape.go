package neo4j

import (
	"slices"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// The labels of nodes besides those of nouns. (:Scope) is the lock and the register of a scope, (:ThalamusSchema) holds the
// version of the schema, (:ThalamusFence) the fence of a saga.
const (
	labelScope  cypher = "Scope"
	labelSchema cypher = "ThalamusSchema"
	labelFence  cypher = "ThalamusFence"
	labelMemory cypher = "Memory" // every node of a noun has it besides that of its noun
)

// labels are the labels of the nouns that edges join.
var labels = map[stores.Kind]cypher{
	stores.KindEpisode: "Episode", stores.KindEntity: "Entity", stores.KindProcedure: "Procedure",
}

// relationTypes are the types of edges as Cypher, in the order of [stores.RelationTypes].
var relationTypes = func() (all []cypher) {
	for _, t := range stores.RelationTypes {
		all = append(all, cypher(t))
	}
	return all
}()

// typesOf is the pattern of the given types; all types when none is given, or none that exists.
func typesOf(types []stores.RelationType) cypher {
	var some []cypher
	for i, t := range stores.RelationTypes {
		if slices.Contains(types, t) {
			some = append(some, relationTypes[i])
		}
	}
	if len(some) == 0 {
		some = relationTypes
	}
	return join(some, "|")
}

// shape is what filters and orders need to know of a noun: how its records are matched, as t, and how its fields are
// spelled.
type shape struct {
	spec  stores.Spec
	all   func(stores.Filter) pattern // matches what of a scope a filter may accept
	one   cypher                      // matches records by id
	terms map[stores.Field]term
}

// pattern matches the records of a scope.
type pattern struct {
	match cypher
	where cypher
}

// labelled matches nodes.
func labelled(label cypher) func(stores.Filter) pattern {
	return func(stores.Filter) pattern { return pattern{"(t:" + label + ")", inScope} }
}

// term is a field in Cypher.
type term struct {
	column  string
	null    bool // whether it may be null
	indexed bool
}

// newTerms spells the fields of a layout; the columns named have an index.
func newTerms[T any](layout flat.Layout[T], indexed ...string) map[stores.Field]term {
	terms := map[stores.Field]term{}
	for _, c := range layout.Columns {
		if c.Field != "" {
			terms[c.Field] = term{column: c.Name, null: c.Null, indexed: slices.Contains(indexed, c.Name)}
		}
	}
	return terms
}

// in is the field of the record t. Only what has an index is named in the text; the names of other columns are parameters,
// so that questions which differ in nothing else share a plan.
func (x term) in(q *query) cypher {
	if x.indexed {
		return cypher("t." + x.column)
	}
	return "t[" + q.value(x.column) + "]"
}

// inScope holds of the records of the scope. That the id is not null says nothing new, but an index of several properties
// serves a query only when there is a condition on each.
const inScope cypher = "t.scope = $p.scope AND t.id IS NOT NULL"
