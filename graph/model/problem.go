package model

import (
	"errors"
	"strings"

	"thalamus/loaders"
	"thalamus/resilience/saga"
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

// write is what every payload says of a write.
type write struct {
	problems []*Problem
	saga     *loaders.Saga
	happens  bool // now or later
}

// newWrite says what became of a write. One that waits for a store is a problem, too.
func newWrite(o *saga.Outcome, err error) (write, error) {
	problems, err := Problems(err)
	w := write{problems: problems, saga: loaders.NewSaga(o.Saga), happens: len(problems) == 0}
	if w.happens && o.Saga != nil && o.Saga.State == stores.SagaQueued {
		w.problems = append(w.problems, queued(o.Saga))
	}
	return w, err
}

func queued(s *stores.Saga) *Problem {
	return &Problem{
		Code: ProblemCodeQueued, Path: []string{},
		Message: "a store is down, and the write waits for it; ask saga(id: \"" + GlobalID(s.Ref()) + "\") what became of it",
	}
}

// node leaves out the node of a write that does not happen.
func node[T any](w write, n *T) *T {
	if !w.happens {
		return nil
	}
	return n
}

// NewEpisodePayload answers a change to an episode.
func NewEpisodePayload(o *saga.Outcome, e *stores.Episode, err error) (*EpisodePayload, error) {
	w, err := newWrite(o, err)
	return &EpisodePayload{Episode: node(w, e), Saga: w.saga, Problems: w.problems}, err
}

// NewEntityPayload answers a change to an entity.
func NewEntityPayload(o *saga.Outcome, e *stores.Entity, err error) (*EntityPayload, error) {
	w, err := newWrite(o, err)
	return &EntityPayload{Entity: node(w, e), Saga: w.saga, Problems: w.problems}, err
}

// NewProcedurePayload answers a change to a procedure.
func NewProcedurePayload(o *saga.Outcome, p *stores.Procedure, err error) (*ProcedurePayload, error) {
	w, err := newWrite(o, err)
	return &ProcedurePayload{Procedure: node(w, p), Saga: w.saga, Problems: w.problems}, err
}

// NewRelationshipPayload answers a change to a relationship.
func NewRelationshipPayload(o *saga.Outcome, r *stores.Relationship, err error) (*RelationshipPayload, error) {
	w, err := newWrite(o, err)
	return &RelationshipPayload{Relationship: node(w, r), Saga: w.saga, Problems: w.problems}, err
}

// NewRelationshipsPayload answers a change to several relationships.
func NewRelationshipsPayload(o *saga.Outcome, list []*stores.Relationship, err error) (*RelationshipsPayload, error) {
	w, err := newWrite(o, err)
	return &RelationshipsPayload{Relationships: list, Saga: w.saga, Problems: w.problems}, err
}

// NewDecayPayload answers a decay.
func NewDecayPayload(o *saga.Outcome, f stores.Faded, err error) (*DecayPayload, error) {
	w, err := newWrite(o, err)
	return &DecayPayload{Decayed: f.Decayed, Pruned: f.Pruned, Saga: w.saga, Problems: w.problems}, err
}

// NewProfilePayload answers a change to a profile.
func NewProfilePayload(o *saga.Outcome, p *stores.Profile, err error) (*ProfilePayload, error) {
	w, err := newWrite(o, err)
	return &ProfilePayload{Profile: node(w, p), Saga: w.saga, Problems: w.problems}, err
}

// NewTodoPayload answers a change to a todo.
func NewTodoPayload(o *saga.Outcome, t *stores.Todo, err error) (*TodoPayload, error) {
	w, err := newWrite(o, err)
	return &TodoPayload{Todo: node(w, t), Saga: w.saga, Problems: w.problems}, err
}

// NewDeletePayload answers a deletion.
func NewDeletePayload(o *saga.Outcome, ref stores.Ref, deleted bool, err error) (*DeletePayload, error) {
	w, err := newWrite(o, err)
	return &DeletePayload{ID: ref, Deleted: deleted, Saga: w.saga, Problems: w.problems}, err
}

// NewForgetPayload answers what was forgotten, also when something kept the rest from it. named says that ids were given.
func NewForgetPayload(f saga.Forgotten, named bool, err error) (*ForgetPayload, error) {
	problems, err := Problems(err)
	out := &ForgetPayload{Forgotten: len(f.Nodes), Ids: []*stores.Ref{}, Receipts: []*stores.Receipt{}, Sagas: []*loaders.Saga{}, Problems: problems}
	for i := range f.Nodes {
		if named {
			out.Ids = append(out.Ids, &f.Nodes[i])
		}
	}
	for i := range f.Receipts {
		out.Receipts = append(out.Receipts, &f.Receipts[i])
	}
	for _, s := range f.Sagas {
		out.Sagas = append(out.Sagas, loaders.NewSaga(s))
		if s.State == stores.SagaQueued {
			out.Problems = append(out.Problems, queued(s))
		}
	}
	return out, err
}

// NewSagaPayload answers what an administrator did about a saga.
func NewSagaPayload(s *stores.Saga, err error) (*SagaPayload, error) {
	problems, err := Problems(err)
	return &SagaPayload{Saga: loaders.NewSaga(s), Problems: problems}, err
}
