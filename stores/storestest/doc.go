// Package storestest holds the suites that a backend must pass, one exported function per contract of package stores.
//
// A backend's test hands over a function that opens its stores:
//
//	func TestConformance(t *testing.T) {
//		storestest.Set(t, func(t testing.TB) *stores.Set { … })
//	}
//
// The opener registers its own clean-up. A set may hold only some of the contracts; the nodes that a suite needs besides
// (entities to mention, ends of edges) come from the same set. Every subtest invents its own scope, so that suites run
// in parallel on a shared server and isolation is tested all along. Only the tests of what happens after Close close a
// set, one opened for that purpose. Only [Vectors] calls Reset, which reaches every scope: once at its start when the
// engine is bound to no model, and once more after all its other subtests have ended. So an opener of vectors must not
// share the engine with another process. [Journal] takes over sagas of every scope, and none of others must be there: an
// opener of a journal must not share the database with another test.
//
// # Readings
//
// Where a contract leaves room, the suites read it like this:
//
//   - An optional text, id or list that is empty is null to filters and orders.
//   - False sorts before true.
//   - A batch is written in order: of two items with one id the later one stays.
//   - A foreign id may be used for a new record: it is unknown here, and the foreign record stays as it is.
//   - HasNext and HasPrevious tell the truth in both directions of paging.
//   - Mentions are a set; every other list keeps its order.
//   - A key of a children read that has no children is absent or has none.
package storestest
