package transfer

import (
	"bytes"
	"encoding/json"

	"thalamus/stores"
)

// The lines of our own format: the noun's own JSON, led by its kind, its id and, unless it is the default one, its scope.

type header struct {
	Kind    string `json:"kind"`
	Format  string `json:"format"`
	Version int    `json:"version"`
}

// kindHeader is the kind of the first line.
const kindHeader = "Header"

type profileLine struct {
	Kind  stores.Kind   `json:"kind"`
	ID    stores.ID     `json:"id"`
	Scope *stores.Scope `json:"scope,omitempty"`
	*stores.Profile
}

// entityLine is an entity with what is written about it.
type entityLine struct {
	Kind  stores.Kind   `json:"kind"`
	ID    stores.ID     `json:"id"`
	Scope *stores.Scope `json:"scope,omitempty"`
	*stores.Entity
	Content  string         `json:"content,omitempty"`
	Keywords []string       `json:"keywords,omitempty"`
	Aliases  []string       `json:"aliases,omitempty"`
	Metadata map[string]any `json:"metadata,omitempty"`
}

type episodeLine struct {
	Kind  stores.Kind   `json:"kind"`
	ID    stores.ID     `json:"id"`
	Scope *stores.Scope `json:"scope,omitempty"`
	*stores.Episode
}

type procedureLine struct {
	Kind  stores.Kind   `json:"kind"`
	ID    stores.ID     `json:"id"`
	Scope *stores.Scope `json:"scope,omitempty"`
	*stores.Procedure
}

type todoLine struct {
	Kind  stores.Kind   `json:"kind"`
	ID    stores.ID     `json:"id"`
	Scope *stores.Scope `json:"scope,omitempty"`
	*stores.Todo
}

type relationshipLine struct {
	Kind  stores.Kind   `json:"kind"`
	ID    stores.ID     `json:"id"`
	Scope *stores.Scope `json:"scope,omitempty"`
	*stores.Relationship
}

// line is the line of a noun; record is that of an entity.
func line(n noun, record *stores.EntityRecord) any {
	var scope *stores.Scope
	if s := n.Owner(); s != stores.NewScope("", "", "") {
		scope = &s
	}
	kind, id := n.Ref().Kind, n.Ref().ID
	switch n := n.(type) {
	case *stores.Profile:
		return profileLine{kind, id, scope, n}
	case *stores.Entity:
		l := entityLine{Kind: kind, ID: id, Scope: scope, Entity: n}
		if record != nil {
			l.Content, l.Keywords, l.Aliases, l.Metadata = record.Content, record.Keywords, record.Aliases, record.Metadata
		}
		return l
	case *stores.Episode:
		return episodeLine{kind, id, scope, n}
	case *stores.Procedure:
		return procedureLine{kind, id, scope, n}
	case *stores.Todo:
		return todoLine{kind, id, scope, n}
	case *stores.Relationship:
		return relationshipLine{kind, id, scope, n}
	}
	panic("transfer: a noun of an unknown kind") // stores.Kinds lists them all
}

// encode writes the line of a noun, line break included. Equal nouns give equal bytes.
func encode(n noun, record *stores.EntityRecord) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(line(n, record))
	return b.Bytes(), err
}

// parse reads a line of our own format. The scope is as given, with empty parts; an id may be missing.
func parse(kind stores.Kind, text []byte) (n noun, record *stores.EntityRecord, err error) {
	var scope *stores.Scope
	switch kind {
	case stores.KindProfile:
		l := profileLine{Profile: &stores.Profile{}}
		err = strict(text, &l)
		n, l.Profile.ID, scope = l.Profile, l.ID, l.Scope
	case stores.KindEntity:
		l := entityLine{Entity: &stores.Entity{}}
		err = strict(text, &l)
		n, l.Entity.ID, scope = l.Entity, l.ID, l.Scope
		record = &stores.EntityRecord{Content: l.Content, Keywords: l.Keywords, Aliases: l.Aliases, Metadata: l.Metadata}
	case stores.KindEpisode:
		l := episodeLine{Episode: &stores.Episode{EmotionalValence: defaultValence}}
		err = strict(text, &l)
		n, l.Episode.ID, scope = l.Episode, l.ID, l.Scope
	case stores.KindProcedure:
		l := procedureLine{Procedure: &stores.Procedure{SuccessRate: defaultSuccess}}
		err = strict(text, &l)
		n, l.Procedure.ID, scope = l.Procedure, l.ID, l.Scope
	case stores.KindTodo:
		l := todoLine{Todo: &stores.Todo{}}
		err = strict(text, &l)
		n, l.Todo.ID, scope = l.Todo, l.ID, l.Scope
	case stores.KindRelationship:
		l := relationshipLine{Relationship: &stores.Relationship{Weight: stores.InitialWeight}}
		err = strict(text, &l)
		n, l.Relationship.ID, scope = l.Relationship, l.ID, l.Scope
	default:
		return nil, nil, stores.Invalid("kind", "%q is not one of %v", kind, stores.Kinds)
	}
	if scope != nil {
		*ownerOf(n) = stores.NewScope(scope.User, scope.Device, scope.Agent)
	}
	return n, record, err
}

// What a noun gets whose line does not say it, where zero is a value of its own.
const (
	defaultValence = 0.5
	defaultSuccess = 1.0
)
