package model

import (
	"errors"
	"strings"

	"thalamus/stores"
)

// problemCodes are the kinds of error that a mutation answers as data, because a caller can plan for them.
var problemCodes = []struct {
	kind error
	code ProblemCode
}{
	{stores.ErrInvalid, ProblemCodeInvalid},
	{stores.ErrNotFound, ProblemCodeNotFound},
	{stores.ErrConflict, ProblemCodeConflict},
	{stores.ErrUnsupported, ProblemCodeUnsupported},
}

// Problems turns an error into problems. What is no problem of the caller's comes back as the error it is.
func Problems(err error) ([]*Problem, error) {
	problems := []*Problem{}
	if err == nil {
		return problems, nil
	}
	if all, ok := err.(interface{ Unwrap() []error }); ok && !isStoreError(err) {
		for _, e := range all.Unwrap() {
			some, err := Problems(e)
			if err != nil {
				return nil, err
			}
			problems = append(problems, some...)
		}
		return problems, nil
	}
	for _, c := range problemCodes {
		if errors.Is(err, c.kind) {
			return append(problems, &Problem{Code: c.code, Message: message(err), Path: path(err)}), nil
		}
	}
	return nil, err
}

// isStoreError tells an error of a store, which wraps its kind and its cause, from several errors joined.
func isStoreError(err error) bool {
	_, ok := err.(*stores.Error) //nolint:errorlint // this very error, not one inside it
	return ok
}

// message is what a client may read of an error.
func message(err error) string {
	var e *stores.Error
	if errors.As(err, &e) && e.Message != "" {
		return Message(e)
	}
	return "the input is not valid"
}

// Message is an error's message, in which a node has its global id.
func Message(e *stores.Error) string {
	switch {
	case e.Node.ID == "":
		return e.Message
	case !known(e.Node.Kind): // a store that looked among all nouns
		return "there is no such node"
	}
	return strings.ReplaceAll(e.Message, string(e.Node.ID), GlobalID(e.Node))
}

func path(err error) []string {
	var e *stores.Error
	if errors.As(err, &e) && e.Path != nil {
		return e.Path
	}
	return []string{}
}

// NewEpisodePayload answers a change to an episode.
func NewEpisodePayload(e *stores.Episode, err error) (*EpisodePayload, error) {
	problems, err := Problems(err)
	return &EpisodePayload{Episode: unless(problems, e), Problems: problems}, err
}

// NewEntityPayload answers a change to an entity.
func NewEntityPayload(e *stores.Entity, err error) (*EntityPayload, error) {
	problems, err := Problems(err)
	return &EntityPayload{Entity: unless(problems, e), Problems: problems}, err
}

// NewProcedurePayload answers a change to a procedure.
func NewProcedurePayload(p *stores.Procedure, err error) (*ProcedurePayload, error) {
	problems, err := Problems(err)
	return &ProcedurePayload{Procedure: unless(problems, p), Problems: problems}, err
}

// NewRelationshipPayload answers a change to a relationship.
func NewRelationshipPayload(r *stores.Relationship, err error) (*RelationshipPayload, error) {
	problems, err := Problems(err)
	return &RelationshipPayload{Relationship: unless(problems, r), Problems: problems}, err
}

// NewRelationshipsPayload answers a change to several relationships.
func NewRelationshipsPayload(list []*stores.Relationship, err error) (*RelationshipsPayload, error) {
	problems, err := Problems(err)
	return &RelationshipsPayload{Relationships: list, Problems: problems}, err
}

// NewDecayPayload answers a decay.
func NewDecayPayload(f stores.Faded, err error) (*DecayPayload, error) {
	problems, err := Problems(err)
	return &DecayPayload{Decayed: f.Decayed, Pruned: f.Pruned, Problems: problems}, err
}

// NewProfilePayload answers a change to a profile.
func NewProfilePayload(p *stores.Profile, err error) (*ProfilePayload, error) {
	problems, err := Problems(err)
	return &ProfilePayload{Profile: unless(problems, p), Problems: problems}, err
}

// NewTodoPayload answers a change to a todo.
func NewTodoPayload(t *stores.Todo, err error) (*TodoPayload, error) {
	problems, err := Problems(err)
	return &TodoPayload{Todo: unless(problems, t), Problems: problems}, err
}

// NewDeletePayload answers a deletion.
func NewDeletePayload(ref stores.Ref, deleted bool, err error) (*DeletePayload, error) {
	problems, err := Problems(err)
	return &DeletePayload{ID: ref, Deleted: deleted, Problems: problems}, err
}

// unless leaves the node out when there were problems.
func unless[T any](problems []*Problem, node *T) *T {
	if len(problems) > 0 {
		return nil
	}
	return node
}
