package chaos

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"syscall"
	"time"

	"thalamus/stores"
	"thalamus/stores/open"
)

// compare wants the gateways to keep what they promised. They run, and nothing fails any more.
func (r *run) compare(ctx context.Context, a *audience) error {
	r.replay(ctx)
	set, err := r.settled(ctx)
	if err != nil {
		return err
	}
	defer set.Close() //nolint:errcheck // it was only read
	for scope, entries := range r.book.nodes {
		found, err := look(ctx, set, scope)
		if err != nil {
			return err
		}
		r.report.found(found.partial())
		r.report.found(found.orphaned())
		r.report.found(found.promised(entries))
		if err := r.claims(ctx, set, scope, entries); err != nil {
			return err
		}
	}
	if err := a.heard(ctx, set); err != nil {
		return err
	}
	return r.answers(ctx, set)
}

// replayed is how many requests are sent once more at the end.
const replayed = 300

// replay sends requests again that were answered: they get the same answer.
func (r *run) replay(ctx context.Context) {
	for _, at := range r.dice.Perm(len(r.book.keys))[:min(replayed, len(r.book.keys))] {
		k := r.book.keys[at]
		if r.shownGone(k) {
			continue
		}
		a, err := r.wire.send(ctx, *r.gateways[0].url.Load(), k.mutation)
		switch {
		case err != nil || len(a.Errors) > 0 || a.Data.Answer == nil:
			r.book.complain("%s was answered before, and is not any more: %+v, %v", k.key, a, err)
		case fmt.Sprintf("%+v", outcome(*a.Data.Answer)) != fmt.Sprintf("%+v", outcome(k.first)):
			r.book.complain("%s gets another answer than before: %+v, then %+v", k.key, outcome(k.first), outcome(*a.Data.Answer))
		}
	}
}

// outcome is what must be the same in each answer to a request.
func outcome(p payload) any {
	if p.Node != nil {
		p.Nodes = append(p.Nodes, *p.Node)
	}
	return []any{p.Nodes, p.Deleted, p.Problems}
}

// shownGone says that a node was deleted since which an answer shows.
func (r *run) shownGone(k promised) bool {
	for _, id := range k.refs {
		if r.book.nodes[k.scope][id].gone {
			return true
		}
	}
	return false
}

// settled ends the gateways and opens their stores. No write may be under way in them, at the latest when the time is over.
func (r *run) settled(ctx context.Context) (*stores.Set, error) {
	begun := time.Now()
	for {
		for _, g := range r.gateways {
			g.end(syscall.SIGTERM)
		}
		set, err := open.Open(ctx, r.config, open.Options{Log: slog.New(slog.DiscardHandler), Wait: time.Minute})
		if err != nil {
			return nil, err
		}
		var left map[stores.SagaState]int
		if err = open.CheckModel(ctx, set); err == nil { // which tells the vectors what they hold
			left, err = set.Journal.Unfinished(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, set.Close())
		}
		if len(left) == 0 || time.Since(begun) > r.patience() {
			for state, n := range left {
				r.report.found([]string{complain("%d writes are %s for ever", n, state)})
			}
			r.report.Settled = time.Since(begun)
			return set, nil
		}
		if err := set.Close(); err != nil {
			return nil, err
		}
		if err := r.startAll(ctx, 0); err != nil {
			return nil, err
		}
		rest(ctx, 3*time.Second)
	}
}

// claims wants nothing to be claimed by a write that has ended.
func (r *run) claims(ctx context.Context, set *stores.Set, s stores.Scope, entries map[stores.ID]*entry) error {
	var claims []string
	for id, e := range entries {
		claims = append(claims, string(id))
		for _, text := range e.texts {
			claims = append(claims, "name "+text)
		}
	}
	held, err := set.Journal.Holding(ctx, s, claims)
	for claim, saga := range held {
		r.report.found([]string{complain("%q is still claimed by the saga %s", claim, saga)})
	}
	return err
}

// answers wants every answer to be remembered whole.
func (r *run) answers(ctx context.Context, set *stores.Set) error {
	for _, k := range r.book.keys {
		a, err := set.Answers.Get(ctx, k.scope, k.key)
		if err != nil {
			return err
		}
		switch {
		case a == nil:
			r.report.found([]string{complain("the answer to %s is forgotten", k.key)})
		case len(a.Response) == 0 && !r.shownGone(k):
			r.report.found([]string{complain("the answer to %s is not complete", k.key)})
		}
	}
	return nil
}
