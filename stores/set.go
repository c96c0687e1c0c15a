package stores

import (
	"context"
	"errors"
)

// Role is what a store is for.
type Role string

// Roles.
const (
	RoleGraph    Role = "GRAPH"
	RoleVectors  Role = "VECTORS"
	RoleRecords  Role = "RECORDS"
	RoleCache    Role = "CACHE"
	RoleEmbedder Role = "EMBEDDER"
)

// Backend is one opened connection to a product.
type Backend interface {
	// Name is the product, in lower case: "sqlite", "neo4j".
	Name() string
	// Ping asks the product whether it is there.
	Ping(ctx context.Context) error
	Close() error
}

// Set is every opened store, by contract.
type Set struct {
	Episodes      Episodes
	Entities      Entities
	Procedures    Procedures
	Relationships Relationships
	EntityRecords EntityRecords
	Profiles      Profiles
	Todos         Todos
	Answers       Answers
	Journal       Journal
	Outbox        Outbox
	Scopes        Scopes
	Vectors       Vectors
	Cache         Cache
	Locks         Locks
	Bus           Bus
	Embedder      Embedder
	Copies        Copies // nil: there are none

	// Atomic runs fn in one transaction over the graph, the records and the vectors; the stores join it through the
	// context they are given. It is nil when these are not one database.
	Atomic func(ctx context.Context, fn func(context.Context) error) error

	// Backends says who plays each role. A backend of several roles is listed under each.
	Backends []Playing
}

// Playing is a backend in a role.
type Playing struct {
	Role    Role
	Backend Backend
}

// Close closes every backend once, in reverse order of opening.
func (s *Set) Close() error {
	var errs []error
	closed := map[Backend]bool{}
	for i := len(s.Backends) - 1; i >= 0; i-- {
		b := s.Backends[i].Backend
		if !closed[b] {
			closed[b] = true
			errs = append(errs, b.Close())
		}
	}
	return errors.Join(errs...)
}
