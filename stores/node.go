package stores

import "time"

// Kind names a noun; it is also the name of its GraphQL type and the tag of its lines in exports.
type Kind string

// The nouns.
const (
	KindEpisode      Kind = "Episode"
	KindEntity       Kind = "Entity"
	KindProcedure    Kind = "Procedure"
	KindRelationship Kind = "Relationship"
	KindProfile      Kind = "Profile"
	KindTodo         Kind = "Todo"
)

// Kinds lists every noun, in the order in which they can be written: what is pointed at comes first.
var Kinds = []Kind{KindProfile, KindEntity, KindEpisode, KindProcedure, KindTodo, KindRelationship}

// Ref points at a node: its noun and its id.
type Ref struct {
	Kind Kind `json:"kind"`
	ID   ID   `json:"id"`
}

// Node is any noun.
type Node interface {
	Ref() Ref
	Owner() Scope
	// Validate says everything that is wrong with the noun, as [ErrInvalid] with paths.
	Validate() error
}

// Versioned is a noun that is edited by compare-and-swap. A new record has version 1.
type Versioned interface {
	Node
	Revision() int
	// Touch raises the version by one and notes the time of the change.
	Touch(at time.Time)
}
