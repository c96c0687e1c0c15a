// Package stores is the vocabulary of Thalamus: the nouns an agent remembers and the contracts that the backends keep.
//
// It imports the standard library only. Every backend (a product that plays a role) implements some of the contracts
// below; package storestest holds the suites they must pass; package open assembles them into one [Set].
//
//	role      contracts
//	graph     [Episodes] [Entities] [Procedures] [Relationships]
//	records   [EntityRecords] [Profiles] [Todos] [Answers]
//	vectors   [Vectors]
//	cache     [Cache]
//	embedder  [Embedder]
//
// # What every contract promises
//
//   - It takes an explicit [Scope] right after the context; nothing read or written crosses it. A foreign id behaves
//     exactly like an unknown one.
//   - It is batch-first: reads take many ids and answer with a map; a missing key is absent from the map, not an error.
//   - Writes are idempotent: a put inserts or replaces by id, deleting what is absent succeeds.
//   - A list has a total order (the id is the last tie-break) and pages by an opaque [Cursor]; a cursor that was made
//     for another order is refused with [ErrInvalid].
//   - Times are UTC instants of microsecond precision.
//   - A cancelled context ends a call with the context's error; after Close every call fails with [ErrUnavailable].
//   - Every error a caller can act on has one of the kinds in errors.go; only [ErrUnavailable] is worth a retry.
//   - Empty batches succeed and touch nothing; large ones are split by the backend.
package stores
