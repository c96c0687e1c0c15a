// Package saga holds the writes, one file per noun. Each is all or nothing over the stores it touches, and is the only
// place that knows which these are and in which order they are written: what can refuse comes first, derived copies last.
//
// A write is a list of steps, each of which touches one store. Where graph, vectors and records are one database, the
// steps are one transaction of it. Otherwise they run one after the other, and when one fails those before it are taken
// back. That takes a living process: one that is killed in between leaves a write half done.
package saga

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"thalamus/stores"
)

// Writer makes the writes.
type Writer struct {
	set   *stores.Set
	turns turns
}

// New makes a writer over opened stores.
func New(set *stores.Set) *Writer { return &Writer{set: set} }

// Request identifies a write to its author: the same key with the same input gets the first answer again.
type Request struct {
	Operation string  // the mutation
	Key       *string // idempotency key; nil: every request is a new one
	Input     []byte  // canonical JSON
}

const maxKey = 255

func (r Request) check() error {
	var c stores.Check
	if r.Key != nil {
		c.Text("idempotencyKey", *r.Key, 1, maxKey)
	}
	return c.Err()
}

func (r Request) hash() string {
	sum := sha256.Sum256(append([]byte(r.Operation+"\x00"), r.Input...))
	return hex.EncodeToString(sum[:])
}

// plan is a write that has been thought through: what it will answer, which nodes the answer shows, and how to carry it
// out. Everything slow, such as embedding, is done before.
type plan[T any] struct {
	answer T
	nodes  []stores.ID
	steps  []step // none: nothing to do
}

// attempts at a write that meets concurrent ones. In each round one of them wins, so this is how many may meet.
const attempts = 100

// run plans and carries out a write, and plans anew when a concurrent write got in between. A request that was answered
// before gets that answer.
func run[T any](ctx context.Context, w *Writer, s stores.Scope, r Request, think func(context.Context) (plan[T], error)) (T, error) {
	var none T
	if err := errors.Join(s.Validate(), r.check()); err != nil {
		return none, err
	}
	for attempt := 1; ; attempt++ {
		answer, known, err := replay[T](ctx, w, s, r)
		if known || err != nil {
			return answer, err
		}
		p, err := think(ctx)
		if errors.Is(err, errUnderWay) && attempt < attempts && pause(ctx) {
			continue
		}
		if err != nil {
			return none, err
		}
		if r.Key != nil {
			p.steps = append(p.steps, w.remember(s, r, p.answer, p.nodes))
		}
		err = w.carryOut(ctx, s, p.steps)
		if err == nil {
			return p.answer, nil
		}
		if !errors.Is(err, stores.ErrConflict) || attempt == attempts {
			return none, err
		}
	}
}

// errUnderWay says that another write is in the middle of its steps.
var errUnderWay = errors.New("another write is under way")

// pause lets another write go on, and says whether the context lasted.
func pause(ctx context.Context) bool {
	select {
	case <-time.After(underWayPause):
		return true
	case <-ctx.Done():
		return false
	}
}

const underWayPause = 50 * time.Millisecond

// replay looks up the answer that a request got before.
func replay[T any](ctx context.Context, w *Writer, s stores.Scope, r Request) (answer T, known bool, err error) {
	if r.Key == nil {
		return answer, false, nil
	}
	a, err := w.set.Answers.Get(ctx, s, *r.Key)
	switch {
	case err != nil || a == nil:
		return answer, false, err
	case a.Request != r.hash():
		return answer, true, &stores.Error{Kind: stores.ErrConflict, Path: []string{"idempotencyKey"}, Message: "this key was used for another request; use a new one"}
	case len(a.Response) == 0:
		return answer, true, &stores.Error{Kind: stores.ErrConflict, Path: []string{"idempotencyKey"}, Message: "this request was carried out, and what it wrote was deleted since"}
	}
	return answer, true, json.Unmarshal(a.Response, &answer)
}

// remember is the last step: the answer, which is complete by then, under the key of the request.
func (w *Writer) remember(s stores.Scope, r Request, answer any, nodes []stores.ID) step {
	return step{role: stores.RoleRecords, name: "answers.put", do: func(ctx context.Context) error {
		response, err := json.Marshal(answer)
		if err != nil {
			return fmt.Errorf("remember an answer: %w", err)
		}
		return w.set.Answers.Put(ctx, s, &stores.Answer{
			Key: *r.Key, Operation: r.Operation, Request: r.hash(), Response: response, Nodes: nodes, CreatedAt: stores.Now(),
		})
	}}
}

// forgetAnswers is a step that erases the remembered answers that show a node.
func (w *Writer) forgetAnswers(s stores.Scope, id stores.ID) step {
	return step{role: stores.RoleRecords, name: "answers.forget", do: func(ctx context.Context) error {
		return w.set.Answers.Forget(ctx, s, []stores.ID{id})
	}}
}

// current reads one node and checks that it is the version the caller expects.
func current[T stores.Versioned](ctx context.Context, s stores.Scope, ref stores.Ref, expected *int,
	read func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]T, error),
) (T, error) {
	found, err := read(ctx, s, []stores.ID{ref.ID}, nil)
	n, ok := found[ref.ID]
	if err == nil && !ok {
		err = missing("id", ref.Kind, ref.ID)
	}
	if err == nil {
		err = expect(expected, n.Revision())
	}
	return n, err
}

func expect(expected *int, version int) error {
	if expected == nil || *expected == version {
		return nil
	}
	return &stores.Error{Kind: stores.ErrConflict, Path: []string{"expectedVersion"}, Message: fmt.Sprintf("the version is %d, not %d; read it again", version, *expected)}
}

// edit changes a node and makes it the next version, unless the change left everything as it was.
func edit[T stores.Versioned](n T, change func(T) error) (changed bool, err error) {
	before, err := json.Marshal(n)
	if err != nil {
		return false, err
	}
	if err := change(n); err != nil {
		return false, err
	}
	after, err := json.Marshal(n)
	if err != nil || bytes.Equal(before, after) {
		return false, err
	}
	n.Touch(stores.Now())
	return true, n.Validate()
}

// remove deletes one node by the given steps, and says whether it was there.
func remove[T stores.Versioned](ctx context.Context, w *Writer, s stores.Scope, r Request, ref stores.Ref, expected *int,
	read func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]T, error),
	steps ...step,
) (bool, error) {
	return run(ctx, w, s, r, func(ctx context.Context) (plan[bool], error) {
		found, err := read(ctx, s, []stores.ID{ref.ID}, []stores.Field{})
		n, ok := found[ref.ID]
		if err != nil || !ok {
			return plan[bool]{}, err
		}
		if err := expect(expected, n.Revision()); err != nil {
			return plan[bool]{}, err
		}
		return plan[bool]{answer: true, steps: append(slices.Clone(steps), w.forgetAnswers(s, ref.ID))}, nil
	})
}

// exist refuses references to nodes that this scope does not have.
func exist[T any](ctx context.Context, s stores.Scope, path string, kind stores.Kind, ids []stores.ID,
	read func(context.Context, stores.Scope, []stores.ID, []stores.Field) (map[stores.ID]T, error),
) error {
	if len(ids) == 0 {
		return nil
	}
	found, err := read(ctx, s, ids, []stores.Field{})
	if err != nil {
		return err
	}
	for _, id := range ids {
		if _, ok := found[id]; !ok {
			return missing(path, kind, id)
		}
	}
	return nil
}

// missing is [stores.Missing] about an input field.
func missing(field string, kind stores.Kind, id stores.ID) error {
	err := stores.Missing(kind, id)
	if e, ok := errors.AsType[*stores.Error](err); ok {
		e.Path = []string{field}
	}
	return err
}
