package saga

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"thalamus/stores"
)

// draft is a plan on its way into the journal.
type draft struct {
	nodes  []stores.Ref
	claims []string
	events []stores.Event
	steps  []step
	pivot  int
	answer any    // complete once the steps are done
	begun  bool   // it is in the journal
	final  []byte // the answer of a saga that its author did not have to wait for
}

// response is the answer as it is remembered.
func (d *draft) response() ([]byte, error) { return json.Marshal(d.answer) }

// shown are the ids of the nodes whose content the answer may hold: those that are not deleted.
func (d *draft) shown() []stores.ID {
	gone := map[stores.Ref]bool{}
	for _, e := range d.events {
		gone[e.Node] = e.Type == stores.NodeForgotten
	}
	ids := []stores.ID{}
	for _, n := range d.nodes {
		if !gone[n] {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// carryOut makes a write happen, or nothing of it.
func (w *Writer) carryOut(ctx context.Context, s stores.Scope, r Request, d *draft) error {
	if len(d.steps) == 0 {
		return w.unchanged(ctx, s, r, d)
	}
	if acknowledgeEarly {
		w.working.Go(func() { _ = w.carry(context.WithoutCancel(ctx), s, r, d) })
		return nil
	}
	return w.carry(ctx, s, r, d)
}

// carry makes a write happen that has steps.
func (w *Writer) carry(ctx context.Context, s stores.Scope, r Request, d *draft) error {
	if slices.ContainsFunc(d.steps, func(st step) bool { return !w.local(st) }) {
		return w.inSteps(ctx, s, r, d)
	}
	return w.atOnce(ctx, s, r, d)
}

// unchanged remembers the answer of a write that had nothing to do, which it has not while another one is to come before.
func (w *Writer) unchanged(ctx context.Context, s stores.Scope, r Request, d *draft) error {
	if err := w.overtakes(ctx, s, d.claims); err != nil {
		return err
	}
	if r.Key == nil {
		return nil
	}
	return w.remember(ctx, s, r, d, "")
}

// remember keeps the answer of a write that is complete.
func (w *Writer) remember(ctx context.Context, s stores.Scope, r Request, d *draft, saga stores.ID) error {
	response, err := d.response()
	if err != nil {
		return fmt.Errorf("remember an answer: %w", err)
	}
	return w.set.Answers.Put(ctx, s, r.entry(d, saga, response))
}

func (r Request) entry(d *draft, saga stores.ID, response []byte) *stores.Answer {
	return &stores.Answer{
		Key: *r.Key, Operation: r.Operation, Request: r.hash(), Saga: saga, Response: response, Nodes: d.shown(), CreatedAt: stores.Now(),
	}
}

// record is a saga as it begins.
func (r Request) record(ctx context.Context, s stores.Scope, d *draft) *stores.Saga {
	saga := &stores.Saga{
		ID: stores.NewID(), Scope: s, Operation: r.Operation, State: stores.SagaPending, OnDown: r.OnDown, Nodes: d.nodes, Attempts: 1,
		Claims: d.claims, Turn: hasTurn(ctx),
	}
	if saga.OnDown == "" {
		saga.OnDown = stores.OnDownRollBack
	}
	for _, st := range d.steps {
		saga.Steps = append(saga.Steps, stores.SagaStep{Store: st.role, Name: st.name, State: stores.StepPending})
	}
	return saga
}

// atOnce carries out a write whose stores are one database: all of it is one transaction.
func (w *Writer) atOnce(ctx context.Context, s stores.Scope, r Request, d *draft) error {
	var done *stores.Saga
	err := w.set.Journal.Atomic(ctx, func(ctx context.Context) error {
		saga := r.record(ctx, s, d)
		for i, st := range d.steps {
			if err := lookFirst(ctx, s, st); err != nil {
				return err
			}
			if err := st.do(ctx, s); err != nil {
				return err
			}
			saga.Steps[i].State, saga.Steps[i].Attempts = stores.StepDone, 1
		}
		var err error
		if saga.Receipts, err = receipts(ctx, s, d.steps); err != nil {
			return err
		}
		saga.State = stores.SagaCommitted
		if err := w.set.Journal.Begin(ctx, saga, 0); err != nil {
			return err
		}
		if r.Key != nil {
			if err := w.remember(ctx, s, r, d, saga.ID); err != nil {
				return err
			}
		}
		done = saga
		return w.tell(ctx, saga, d.events)
	})
	if err == nil {
		r.tell(done)
	}
	return err
}

// lookFirst reads what a step that proves what it erased is about to erase.
func lookFirst(ctx context.Context, s stores.Scope, st step) error {
	if _, proves := st.action.(receipted); !proves {
		return nil
	}
	return st.look(ctx, s)
}

// receipts proves what was erased.
func receipts(ctx context.Context, s stores.Scope, steps []step) ([]stores.Receipt, error) {
	var all []stores.Receipt
	for _, st := range steps {
		erased, ok := st.action.(receipted)
		if !ok {
			continue
		}
		some, err := erased.receipt(ctx, s)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// tell puts events of a saga into the outbox, and that it has come into its state.
func (w *Writer) tell(ctx context.Context, saga *stores.Saga, events []stores.Event) error {
	if events = slices.Concat(events, moved(saga)); len(events) == 0 {
		return nil
	}
	return w.set.Outbox.Append(ctx, happened(events, saga))
}

// inSteps carries out a write whose stores are several, as a saga, and waits for it as the request wants.
func (w *Writer) inSteps(ctx context.Context, s stores.Scope, r Request, d *draft) error {
	d.claims = slices.Compact(slices.Sorted(slices.Values(d.claims)))
	turns := make([]string, len(d.claims))
	for i, c := range d.claims {
		turns[i] = s.Key() + " " + c
	}
	leave, err := w.turns.take(ctx, turns)
	if err != nil {
		return err
	}
	x, err := w.begin(ctx, s, r, d)
	if err == nil && r.mayLeave() { // the steps complete the answer, which its author may be reading by then
		x, err = x.apart()
	}
	if err != nil {
		leave()
		return err
	}
	d.begun = true
	ended := make(chan error, 1)
	w.working.Go(func() {
		defer leave()
		ended <- x.work(ctx)
	})
	err = x.await(ctx, r, ended)
	if err == nil && r.mayLeave() && x.shown().State == stores.SagaCommitted {
		d.final, err = x.response()
	}
	return err
}

// mayLeave says that the author of a write may go on before it is committed.
func (r Request) mayLeave() bool { return r.Wait == UntilAccepted || r.AtMost > 0 }

// begin writes a saga into the journal, and does the steps that are part of this transaction.
func (w *Writer) begin(ctx context.Context, s stores.Scope, r Request, d *draft) (*running, error) {
	for _, st := range d.steps {
		if err := st.look(ctx, s); err != nil {
			return nil, err
		}
	}
	plan, err := d.write(r.Key != nil)
	if err != nil {
		return nil, err
	}
	x := &running{w: w, draft: d, keyed: r.Key != nil}
	err = w.set.Journal.Atomic(ctx, func(ctx context.Context) error {
		saga := r.record(ctx, s, d)
		saga.Plan, saga.Owner = plan, w.owner
		x.saga, x.leased = saga, time.Now()
		if err := x.doLocal(ctx); err != nil {
			return err
		}
		if err := w.set.Journal.Begin(ctx, saga, w.options.Lease); err != nil || r.Key == nil {
			return err
		}
		return w.set.Answers.Put(ctx, s, r.entry(d, saga.ID, nil))
	})
	if err == nil {
		x.show()
	}
	return x, err
}

// await waits for a saga as its author wants, and says what the author gets to know.
func (x *running) await(ctx context.Context, r Request, ended <-chan error) error {
	if r.Wait == UntilAccepted {
		r.tell(x.shown())
		return nil
	}
	var late <-chan time.Time
	if r.AtMost > 0 {
		timer := time.NewTimer(r.AtMost)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case err := <-ended:
		r.tell(x.shown())
		return err
	case <-late:
		r.tell(x.shown())
		return nil
	case <-ctx.Done():
		return &stores.Error{Kind: stores.ErrUnavailable, Node: x.shown().Ref(), Cause: errors.New("the caller's time was over"),
			Message: "the write takes longer than a request may; it goes on, or is taken back: see the saga " + string(x.shown().ID)}
	}
}

// written is what of a draft is written down.
type written struct {
	Steps  []kept          `json:"steps"`
	Pivot  int             `json:"pivot,omitempty"`
	Events []stores.Event  `json:"events,omitempty"`
	Nodes  []stores.Ref    `json:"nodes,omitempty"`
	Keyed  bool            `json:"keyed,omitempty"`
	Answer json.RawMessage `json:"answer,omitempty"`

	Submission *Submission `json:"submission,omitempty"` // instead of all this

	// Completes is the step that puts the very node that the answer is, and may give it a position; -1: none does.
	Completes int `json:"completes"`
}

func (d *draft) write(keyed bool) ([]byte, error) {
	out := written{Pivot: d.pivot, Events: d.events, Nodes: d.nodes, Keyed: keyed, Completes: -1}
	for _, st := range d.steps {
		k, err := st.keep()
		if err != nil {
			return nil, fmt.Errorf("write down the step %s: %w", st.name, err)
		}
		out.Steps = append(out.Steps, k)
	}
	var err error
	if out.Answer, err = d.response(); err != nil {
		return nil, err
	}
	out.Completes = slices.IndexFunc(d.steps, func(st step) bool { return st.writes(d.answer) })
	return json.Marshal(out)
}

// resume makes a saga that was found in the journal run again.
func (w *Writer) resume(saga *stores.Saga) (*running, error) {
	var plan written
	if err := json.Unmarshal(saga.Plan, &plan); err != nil {
		return nil, fmt.Errorf("read the plan of the saga %s: %w", saga.ID, err)
	}
	if plan.Submission != nil {
		plan.Submission.Saga = saga.ID
		x := &running{w: w, draft: &draft{}, saga: saga, submission: plan.Submission, leased: time.Now()}
		x.show()
		return x, nil
	}
	d := &draft{nodes: plan.Nodes, claims: saga.Claims, events: plan.Events, pivot: plan.Pivot, answer: plan.Answer}
	for _, k := range plan.Steps {
		st, err := w.unkeep(k)
		if err != nil {
			return nil, err
		}
		d.steps = append(d.steps, st)
	}
	if len(d.steps) != len(saga.Steps) {
		return nil, errors.New("the journal names other steps than the plan")
	}
	if plan.Completes >= 0 {
		d.answer = d.steps[plan.Completes].item()
	}
	x := &running{w: w, draft: d, saga: saga, keyed: plan.Keyed, leased: time.Now()}
	x.show()
	return x, nil
}

// apart is a saga that works on a copy of its plan, made of what was written down.
func (x *running) apart() (*running, error) {
	copied, err := x.w.resume(x.saga)
	if err == nil {
		copied.leased = x.leased
	}
	return copied, err
}
