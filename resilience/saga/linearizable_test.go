package saga_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"thalamus/graph/graphtest"
	"thalamus/resilience/saga"
	"thalamus/stores"
)

// register is what one id holds: nothing, or a version with a text.
type register struct {
	version  int // 0: nothing
	text     string
	answered int // actions so far of which the outcome is known
}

// action is what a client asks of one id.
type action struct {
	id       stores.ID
	verb     string // create, update, delete or read
	expected int    // version, of an update
	text     string
	answered int // actions on this id in the whole history of which the outcome is known
}

// outcome is what the client was told.
type outcome struct {
	unknown bool     // it may have happened, or may happen still
	done    bool     // of a write
	found   register // of a read
}

// model is a register for each id.
var model = porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		parts := map[stores.ID][]porcupine.Operation{}
		for _, op := range history {
			id := op.Input.(action).id
			parts[id] = append(parts[id], op)
		}
		var out [][]porcupine.Operation
		for _, part := range parts {
			out = append(out, part)
		}
		return out
	},
	Init: func() []any { return []any{register{}} },
	Step: func(state, input, output any) []any {
		was, asked, told := state.(register), input.(action), output.(outcome)
		is, possible := asked.on(was)
		switch {
		case told.unknown && was.answered == asked.answered: // what never happened comes after all that did
			return only(was, true)
		case told.unknown:
			return only(is, possible)
		}
		is.answered++
		if asked.verb == "read" {
			return only(is, told.found.version == was.version && told.found.text == was.text)
		}
		return only(is, told.done == possible)
	},
}

// only is a state, when it is possible.
func only(state register, possible bool) []any {
	if !possible {
		return nil
	}
	return []any{state}
}

// on is what an action makes of a register, and whether it does anything.
func (a action) on(r register) (register, bool) {
	switch {
	case a.verb == "create" && r.version == 0:
		r.version, r.text = 1, a.text
		return r, true
	case a.verb == "update" && r.version == a.expected && r.version > 0:
		r.version, r.text = r.version+1, a.text
		return r, true
	case a.verb == "delete" && r.version > 0:
		r.version, r.text = 0, ""
		return r, true
	}
	return r, false
}

// TestWritesAreLinearizable lets clients write to and read few nodes under faults: for each node there is an order of all that
// was answered, and of some that was not, which explains every answer.
func TestWritesAreLinearizable(t *testing.T) {
	histories, each := 2, 260
	switch {
	case os.Getenv("THALAMUS_SOAK") != "":
		histories = 50
	case slow():
		histories, each = 1, 60
	}
	for seed := range uint64(histories) {
		t.Run(fmt.Sprint("Seed", seed+1), func(t *testing.T) { t.Parallel(); testLinearizable(t, seed+1, each) })
	}
}

func testLinearizable(t *testing.T, seed uint64, each int) {
	const clients = 8
	g := graphtest.NewSplit(t)
	h := &history{m: memory{Gateway: g, scope: stores.NewScope(fmt.Sprint("linear", seed), "", "")}, begun: time.Now()}
	h.w = faulty(t, h.m, seed, 0.1)
	for range each / 6 {
		h.ids = append(h.ids, stores.NewID())
	}
	var all sync.WaitGroup
	for i := range clients {
		dice := rand.New(rand.NewPCG(seed, uint64(i)))
		all.Go(func() {
			for n := range each {
				h.do(t, i, h.next(dice, fmt.Sprint(i, " writes ", n), n*len(h.ids)/each))
			}
		})
	}
	all.Wait()
	h.m.settle(t)
	h.m.whole(t)
	for _, id := range h.ids {
		h.do(t, clients, action{id: id, verb: "read"})
	}
	known := 0
	for _, op := range h.operations {
		if !op.Output.(outcome).unknown {
			known++
		}
	}
	t.Logf("%d operations, %d of them of unknown outcome", len(h.operations), len(h.operations)-known)
	if known < clients*each/2 {
		t.Errorf("only %d of %d operations were answered", known, clients*each)
	}
	for _, part := range model.Partition(h.operations) {
		count(part)
		if result := porcupine.CheckOperationsTimeout(model.ToModel(), part, time.Minute); result != porcupine.Ok {
			t.Errorf("no order explains these answers: %s", result)
			tell(t, part)
			return
		}
	}
}

// count tells each action on an id how many were answered.
func count(part []porcupine.Operation) {
	answered := 0
	for _, op := range part {
		if !op.Output.(outcome).unknown {
			answered++
		}
	}
	for i := range part {
		a := part[i].Input.(action)
		a.answered = answered
		part[i].Input = a
	}
}

// history is what clients asked and were told.
type history struct {
	m     memory
	w     *saga.Writer
	ids   []stores.ID
	begun time.Time

	born, seen sync.Map // whether it was created, and the version that was read last; by id
	mu         sync.Mutex
	operations []porcupine.Operation
}

// next is an action on one of the nodes that are busy now.
func (h *history) next(dice *rand.Rand, text string, about int) action {
	a := action{id: h.ids[min(about+dice.IntN(3), len(h.ids)-1)], text: text}
	_, born := h.born.LoadOrStore(a.id, true) // the gateway makes ids, so nobody creates one twice
	switch roll := dice.IntN(30); {
	case !born:
		a.verb = "create"
	case roll < 10:
		a.verb = "read"
	case roll < 11:
		a.verb = "delete"
	default:
		a.verb = "update"
		seen, _ := h.seen.Load(a.id)
		a.expected, _ = seen.(int)
		a.expected = max(a.expected, 1)
	}
	return a
}

// do carries out an action and writes down what became of it.
func (h *history) do(t *testing.T, client int, a action) {
	op := porcupine.Operation{ClientId: client, Input: a, Call: int64(time.Since(h.begun))}
	told, says := h.ask(t, a)
	if !says {
		return
	}
	op.Output, op.Return = told, int64(time.Since(h.begun))
	if told.unknown {
		op.Return = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, op)
}

// ask carries out an action. What came of it may say nothing of the node: a read that failed, and a write that met another one.
func (h *history) ask(t *testing.T, a action) (told outcome, says bool) {
	ctx, s, r := t.Context(), h.m.scope, saga.Request{Outcome: &saga.Outcome{}}
	var err error
	switch a.verb {
	case "create":
		_, err = h.w.UpsertEntity(ctx, s, r, string(a.id), new(0), func(e saga.EntityParts) error {
			e.Entity.ID = a.id
			return changing(a.text)(e)
		})
	case "update":
		_, err = h.w.UpdateEntity(ctx, s, r, a.id, &a.expected, changing(a.text))
	case "delete":
		var deleted bool
		if deleted, err = h.w.DeleteEntity(ctx, s, r, a.id, nil); err == nil && !waits(r) {
			return outcome{done: deleted}, true
		}
	case "read":
		return h.read(ctx, a.id)
	}
	var claimed *stores.Claimed
	switch {
	case err == nil && waits(r):
		return outcome{unknown: true}, true
	case err == nil:
		return outcome{done: true}, true
	case errors.As(err, &claimed):
		return outcome{}, false
	case errors.Is(err, stores.ErrUnavailable):
		return outcome{unknown: true}, true
	case errors.Is(err, stores.ErrConflict), errors.Is(err, stores.ErrNotFound):
		return outcome{}, true
	}
	t.Errorf("%+v: %v", a, err)
	return outcome{unknown: true}, true
}

// read reads the node of an entity, which is what says whether there is one.
func (h *history) read(ctx context.Context, id stores.ID) (told outcome, says bool) {
	found, err := h.m.Set.Entities.ByID(ctx, h.m.scope, []stores.ID{id}, nil)
	e := found[id]
	if err != nil || e == nil {
		return outcome{}, err == nil
	}
	h.seen.Store(id, e.Version)
	return outcome{found: register{version: e.Version, text: e.Summary}}, true
}

// tell lists the operations on a node.
func tell(t *testing.T, part []porcupine.Operation) {
	t.Helper()
	slices.SortFunc(part, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	for _, op := range part {
		end := "…"
		if op.Return != math.MaxInt64 {
			end = time.Duration(op.Return).String()
		}
		t.Logf("%d: %s – %s: %+v → %+v", op.ClientId, time.Duration(op.Call), end, op.Input, op.Output)
	}
}

// TestModel wants a history to be refused in which two writes were made to one version, and one in which a read is too old.
func TestModel(t *testing.T) {
	create := porcupine.Operation{Input: action{verb: "create", text: "a"}, Call: 1, Output: outcome{done: true}, Return: 2}
	update := func(text string, call int64) porcupine.Operation {
		return porcupine.Operation{Input: action{verb: "update", expected: 1, text: text}, Call: call, Output: outcome{done: true}, Return: call + 10}
	}
	read := func(version int, text string) porcupine.Operation {
		return porcupine.Operation{Input: action{verb: "read"}, Call: 50, Output: outcome{found: register{version: version, text: text}}, Return: 60}
	}
	lost := porcupine.Operation{Input: action{verb: "update", expected: 2, text: "c"}, Call: 20, Output: outcome{unknown: true}, Return: math.MaxInt64}
	for name, c := range map[string]struct {
		history []porcupine.Operation
		want    porcupine.CheckResult
	}{
		"in order":           {[]porcupine.Operation{create, update("b", 3), read(2, "b")}, porcupine.Ok},
		"it happened":        {[]porcupine.Operation{create, update("b", 3), lost, read(3, "c")}, porcupine.Ok},
		"it did not happen":  {[]porcupine.Operation{create, update("b", 3), lost, read(2, "b")}, porcupine.Ok},
		"two of one version": {[]porcupine.Operation{create, update("b", 3), update("c", 4)}, porcupine.Illegal},
		"too old":            {[]porcupine.Operation{create, update("b", 3), read(1, "a")}, porcupine.Illegal},
	} {
		count(c.history)
		if got := porcupine.CheckOperationsTimeout(model.ToModel(), c.history, time.Minute); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
