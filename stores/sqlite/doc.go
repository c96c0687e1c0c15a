// Package sqlite keeps the graph, the records and the vectors in one SQLite database inside a data directory, so that
// Thalamus runs with nothing else installed.
//
// One process at a time owns a data directory. Writers queue for a single connection; readers have a pool of their own
// and see the last committed state (WAL). A transaction travels in the context: every call made with the context that
// [DB.Atomic] hands out joins it.
package sqlite
