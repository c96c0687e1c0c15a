// Package neo4j keeps the graph in a Neo4j server: episodes, entities and procedures as nodes, edges as relationships of
// their own types. docs/neo4j.md describes the data model for those who query it by hand.
//
// Every call of a contract is one statement in a transaction of its own. Writes first lock the (:Scope) node of their scope,
// so the writes of one scope follow each other, while those of different scopes, and all reads, run side by side. A write in
// the name of a saga passes the saga's fence before that.
package neo4j
