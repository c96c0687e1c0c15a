// Package saga holds the writes, one file per noun, and the engine that carries them out. Each write is all or nothing over
// the stores it touches, and only here is known which these are and in which order they are written.
//
// A write is a list of steps, each of which touches one store. Where graph, vectors and records are one database, the
// steps and their entry in the journal are one transaction of it. Otherwise the write is a saga: it is written into the
// journal with all that it takes to finish it or to take it back, by any gateway; then its steps run one after the other.
//
// The order of steps decides what readers see meanwhile. The record of truth is written, or deleted, last; whatever else is
// there without it counts for nothing. So a node appears whole and goes at once; and once that step may have happened, the
// saga is only carried on, so that nobody sees what is taken back.
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

// Request identifies a write to its author: the same key with the same input gets the first answer again.
type Request struct {
	Operation string  // the mutation
	Key       *string // idempotency key; nil: every request is a new one
	Input     []byte  // canonical JSON

	Wait    Wait          // until when the caller waits; empty: until it is committed
	AtMost  time.Duration // how long; 0: as long as the context lasts
	OnDown  stores.OnDown // what is done when a store is down; empty: the write is taken back
	Outcome *Outcome      // is told the saga of the write; may be nil

	claims []string // what it will touch, as far as that is known before it is planned
}

// about says what a write will touch, so that none that is sent later overtakes it while it waits as it was sent.
func (r Request) about(claims ...string) Request {
	r.claims = slices.DeleteFunc(claims, func(c string) bool { return c == "" })
	return r
}

// Wait is until when the author of a write waits.
type Wait string

// Until when the author of a write waits.
const (
	UntilAccepted  Wait = "ACCEPTED"  // it is written down, and will happen or be taken back
	UntilCommitted Wait = "COMMITTED" // it has happened
)

// Outcome is what became of a write besides its answer.
type Outcome struct {
	Saga *stores.Saga // as it was when the caller stopped waiting; nil when nothing had to be written
}

// waits says that the write waits for a store.
func (o *Outcome) waits() bool { return o != nil && o.Saga != nil && o.Saga.State == stores.SagaQueued }

func (r Request) tell(s *stores.Saga) {
	if r.Outcome != nil {
		r.Outcome.Saga = s
	}
}

const (
	maxKey  = 255
	maxWait = 5 * time.Minute
)

func (r Request) check() error {
	var c stores.Check
	if r.Key != nil {
		c.Text("idempotencyKey", *r.Key, 1, maxKey)
	}
	c.That(r.AtMost >= 0 && r.AtMost <= maxWait, "write.waitAtMost", "must be between PT0S and PT5M")
	return c.Err()
}

func (r Request) hash() string {
	sum := sha256.Sum256(append([]byte(r.Operation+"\x00"), r.Input...))
	return hex.EncodeToString(sum[:])
}

// plan is a write that has been thought through. Everything slow, such as embedding, is done before.
type plan[T any] struct {
	answer T
	nodes  []stores.Ref   // which it writes
	claims []string       // what nobody else may touch meanwhile; see claim
	events []stores.Event // what it tells once it is committed
	steps  []step         // none: nothing to do
	pivot  int            // from this step on it is only carried on; 0: none is such
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
		err = w.unborn(ctx, s, err)
		planned, d := err == nil, p.draft()
		if planned {
			err = w.carryOut(ctx, s, r, d)
		}
		switch {
		case err == nil && d.final != nil:
			return answer, json.Unmarshal(d.final, &answer)
		case err == nil:
			return p.answer, nil
		case !d.begun && w.mayQueue(ctx, s, r, err):
			return none, w.enqueue(ctx, s, r, err)
		case !planned && !meets(err), attempt == attempts, !w.again(ctx, s, r, err):
			return none, err
		}
	}
}

// draft is a plan whose answer may be of any type.
func (p plan[T]) draft() *draft {
	return &draft{nodes: p.nodes, claims: p.claims, events: p.events, steps: p.steps, pivot: p.pivot, answer: p.answer}
}

// again says whether a write that met another one may be planned anew, and waits for the other one if need be.
func (w *Writer) again(ctx context.Context, s stores.Scope, r Request, err error) bool {
	var claimed *stores.Claimed
	switch {
	case errors.As(err, &claimed):
		return w.passing(ctx, s, r, claimed.Saga) && pause(ctx)
	case errors.Is(err, errUnderWay):
		return pause(ctx)
	}
	return errors.Is(err, stores.ErrConflict) && !errors.Is(err, stores.ErrFenced)
}

// claimedBy is the conflict with an unfinished saga that claims the same.
func claimedBy(saga stores.ID, claim, message string) *stores.Error {
	return &stores.Error{
		Kind: stores.ErrConflict, Cause: &stores.Claimed{Claim: claim, Saga: saga}, Node: stores.Ref{Kind: stores.KindSaga, ID: saga},
		Message: message + "; see the saga " + string(saga) + ", or send it again",
	}
}

// meets says that a plan failed for a write that is under way.
func meets(err error) bool {
	_, claimed := errors.AsType[*stores.Claimed](err)
	return claimed || errors.Is(err, errUnderWay)
}

// passing says that a saga that is in the way is likely to end soon.
func (w *Writer) passing(ctx context.Context, s stores.Scope, r Request, id stores.ID) bool {
	found, err := w.set.Journal.ByID(ctx, s, []stores.ID{id})
	if err != nil {
		return false
	}
	other := found[id]
	if other == nil || other.State.Ended() || other.State == stores.SagaPending || other.State == stores.SagaRunning {
		return true
	}
	r.tell(other)
	return false
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

// answerPatience is how long a request waits for the answer to the same request that is being carried out.
const answerPatience = 2 * time.Second

// replay looks up the answer that a request got before.
func replay[T any](ctx context.Context, w *Writer, s stores.Scope, r Request) (answer T, known bool, err error) {
	if r.Key == nil {
		return answer, false, nil
	}
	ended := false // as was known before the answer was read
	for end := time.Now().Add(max(answerPatience, r.AtMost)); ; {
		a, err := w.set.Answers.Get(ctx, s, *r.Key)
		switch {
		case err != nil || a == nil:
			return answer, false, err
		case a.Request != r.hash():
			return answer, true, keyConflict("this key was used for another request; use a new one")
		}
		saga, err := w.sagaOf(ctx, s, a)
		if err != nil {
			return answer, false, err
		}
		r.tell(saga)
		switch {
		case len(a.Response) > 0:
			return answer, true, json.Unmarshal(a.Response, &answer)
		case ended:
			return answer, true, keyConflict("this request was carried out, and what it wrote was deleted since")
		case saga == nil || saga.State.Ended():
			ended = true // perhaps just now, so that there is an answer by now
			continue
		case saga.State == stores.SagaQueued:
			return answer, true, nil // its author sees the saga
		case time.Now().After(end):
			return answer, true, &stores.Error{Kind: stores.ErrConflict, Path: []string{"idempotencyKey"}, Node: saga.Ref(),
				Message: "this request is being carried out; see the saga " + string(saga.ID)}
		}
		if !pause(ctx) {
			return answer, true, ctx.Err()
		}
	}
}

func keyConflict(message string) error {
	return &stores.Error{Kind: stores.ErrConflict, Path: []string{"idempotencyKey"}, Message: message}
}

// sagaOf is the saga that an answer comes from, nil when the journal does not know it any more.
func (w *Writer) sagaOf(ctx context.Context, s stores.Scope, a *stores.Answer) (*stores.Saga, error) {
	if a.Saga == "" {
		return nil, nil
	}
	found, err := w.set.Journal.ByID(ctx, s, []stores.ID{a.Saga})
	return found[a.Saga], err
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

// edit changes a node and makes it the next version. It answers with the fields that differ afterwards; when there are
// none the node keeps its version.
func edit[T stores.Versioned](n T, change func(T) error) (changed []stores.Field, err error) {
	before, err := json.Marshal(n)
	if err != nil {
		return nil, err
	}
	if err := change(n); err != nil {
		return nil, err
	}
	after, err := json.Marshal(n)
	if err != nil || bytes.Equal(before, after) {
		return nil, err
	}
	if changed, err = differing(before, after); err != nil {
		return nil, err
	}
	n.Touch(stores.Now())
	return changed, n.Validate()
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
