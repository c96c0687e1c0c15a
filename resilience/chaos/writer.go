package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// writer sends one mutation after the other. Of its own nodes it knows what they are; others it shares with all writers of
// its scope.
type writer struct {
	run    *run
	name   string
	scope  stores.Scope
	dice   *rand.Rand
	sent   int       // mutations
	home   int       // the gateway that it likes to ask
	at     int       // the one that it asks
	left   time.Time // when it left the one that it likes
	queue  bool
	late   bool   // the last request had to be sent again
	last   *entry // node that it wrote; nil when it wrote none
	own    []*entry
	edges  []*entry
	shared []*entry // nodes
	bond   *entry   // the edge that all of the scope strengthen
}

// scopes is how many memories the writers share.
const scopes = 3

// scopeOf is the memory of one of the writers, or of those who listen to them.
func scopeOf(i int) stores.Scope { return stores.NewScope(fmt.Sprintf("user%d", i%scopes), "", "") }

// hire makes the writers and what they share. It is written before the first blow.
func (r *run) hire(ctx context.Context) ([]*writer, error) {
	var writers, first []*writer
	for i := range max(r.Writers, 1) {
		w := &writer{
			run: r, name: fmt.Sprintf("w%d", i), scope: scopeOf(i),
			dice: rand.New(rand.NewPCG(r.Seed, uint64(i)+1)), home: i % len(r.gateways), queue: r.Queue && i%2 == 1,
		}
		if i < scopes {
			if w.share(ctx); ctx.Err() != nil {
				return nil, ctx.Err()
			}
			first = append(first, w)
		} else {
			w.shared, w.bond = first[i%scopes].shared, first[i%scopes].bond
		}
		writers = append(writers, w)
	}
	return writers, ctx.Err()
}

// share writes what the writers of a scope share.
func (w *writer) share(ctx context.Context) {
	for _, n := range nouns {
		for had := len(w.own); had == len(w.own) && ctx.Err() == nil; { // a build that makes mistakes may refuse it
			w.create(ctx, n)
		}
	}
	for len(w.edges) == 0 && ctx.Err() == nil {
		w.relate(ctx)
	}
	w.shared, w.own = w.own, nil
	for _, e := range w.shared {
		e.shared = true
	}
	w.bond, w.edges = w.edges[0], nil
}

// work writes until it is dismissed, and gets the answer to the last request if need be until the end.
func (w *writer) work(working, end context.Context) {
	for working.Err() == nil {
		w.write(end)
	}
}

// write makes one write of any kind.
func (w *writer) write(ctx context.Context) {
	const many = 30 // of nodes that a writer keeps
	if last := w.last; w.late && last != nil && !last.gone {
		w.last = nil
		w.update(ctx, last, !last.shared) // since then something may come too late that was sent before
		return
	}
	switch roll := w.dice.IntN(100); {
	case len(w.own) < 3 || roll < 20 && len(w.own) < many:
		w.create(ctx, nouns[w.dice.IntN(len(nouns))])
	case roll < 40:
		w.update(ctx, w.recent(), true)
	case roll < 55:
		w.remove(ctx, w.dice.IntN(len(w.own)))
	case roll < 59:
		w.supersede(ctx)
	case roll < 65:
		w.update(ctx, w.shared[0], false) // the entity, of which two stores hold a part
	case roll < 76:
		w.update(ctx, w.shared[w.dice.IntN(len(w.shared))], false)
	case roll < 84:
		w.relate(ctx)
	case roll < 90:
		w.strengthen(ctx, w.bond)
	case roll < 95 && len(w.edges) > 0:
		w.strengthen(ctx, w.edges[w.dice.IntN(len(w.edges))])
	case roll < 97 && len(w.edges) > 0:
		w.unrelate(ctx)
	default:
		w.profile(ctx)
	}
}

// recent is one of its own nodes, more often than not the latest.
func (w *writer) recent() *entry {
	if w.dice.IntN(2) == 0 {
		return w.own[len(w.own)-1]
	}
	return w.own[w.dice.IntN(len(w.own))]
}

// text is one that nobody wrote before.
func (w *writer) text() string { return fmt.Sprintf("%s writes %d", w.name, w.sent+1) }

// backHome is how long a writer stays away from a gateway that did not answer.
const backHome = 2 * time.Second

// request sends a mutation until it is answered. It gives nil when it was refused, or never answered.
func (w *writer) request(ctx context.Context, operation, input, shows string, fields map[string]any) *payload {
	w.sent++
	w.last = nil
	if time.Since(w.left) > backHome {
		w.at = w.home
	}
	key := fmt.Sprintf("%s-%d", w.name, w.sent)
	fields["idempotencyKey"] = key
	if w.queue {
		fields["write"] = map[string]any{"onStoreDown": "QUEUE"}
	}
	m := mutation{w.scope, fmt.Sprintf("mutation($input: %s!) { answer: %s(input: $input) { %s saga { state } problems { code message path } } }", input, operation, shows), fields}
	for try := 0; ; try++ {
		if try > 0 && !rest(ctx, min(time.Duration(try)*5*time.Millisecond, 100*time.Millisecond)) {
			w.run.book.complain("%s %s never got an answer", operation, key)
			w.run.book.change(func() { w.run.book.unanswered++ })
			return nil
		}
		w.late = try > 0
		p, answered := w.ask(ctx, operation, m, try)
		if !answered {
			w.at, w.left = (w.at+1)%len(w.run.gateways), time.Now()
			continue
		}
		w.run.book.change(func() {
			if p == nil {
				w.run.book.refused++
				return
			}
			w.run.book.counts[operation]++
			w.run.book.keys = append(w.run.book.keys, promised{w.scope, key, m, *p, m.about(p)})
		})
		return p
	}
}

// about are the nodes whose deletion takes an answer along.
func (m mutation) about(p *payload) (ids []stores.ID) {
	if id, given := m.input["id"].(string); given && !p.Deleted {
		ids = append(ids, refOf(id).ID)
	}
	if p.Node != nil {
		ids = append(ids, refOf(p.Node.ID).ID)
	}
	for _, n := range p.Nodes {
		ids = append(ids, refOf(n.ID).ID)
	}
	return ids
}

// ask sends a mutation once to any gateway, and says whether its outcome is known: an answer, or nil when it was refused.
func (w *writer) ask(ctx context.Context, operation string, m mutation, try int) (p *payload, answered bool) {
	url := w.run.gateways[w.at].url.Load()
	if url == nil {
		return nil, false
	}
	if try > 0 {
		w.run.book.change(func() { w.run.book.resent++ })
	}
	a, err := w.run.wire.send(ctx, *url, m)
	switch {
	case err != nil:
		return nil, false
	case len(a.Errors) > 0:
		e := a.Errors[0]
		if slices.Contains([]string{"STORE_UNAVAILABLE", "TIMEOUT", "CANCELLED"}, e.Extensions.Code) {
			return nil, false
		}
		w.run.book.complain("%s: the error %s %s", operation, e.Extensions.Code, e.Message)
		return nil, true
	case a.Data.Answer == nil:
		return nil, false
	}
	return w.understand(operation, m, a.Data.Answer)
}

// understand reads the problems of an answer.
func (w *writer) understand(operation string, m mutation, p *payload) (_ *payload, answered bool) {
	if p.Saga != nil && !p.Saga.State.Ended() {
		return nil, false // it waits; the same request will be told the outcome
	}
	if len(p.Problems) == 0 {
		return p, true
	}
	problem := p.Problems[0]
	switch path := strings.Join(problem.Path, "."); {
	case path == "idempotencyKey" && strings.Contains(problem.Message, "being carried out"):
		return nil, false
	case problem.Code == "CONFLICT" && path == "": // with a write that waits or is taken back
		return nil, true
	}
	w.run.book.complain("%s %v: the problem %s %v %s", operation, m.input["idempotencyKey"], problem.Code, problem.Path, problem.Message)
	return nil, true
}
