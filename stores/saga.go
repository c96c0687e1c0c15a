package stores

import (
	"context"
	"errors"
	"slices"
	"time"
)

// Saga is what the journal knows of one write: which steps it has, how far it has come, and what became of it.
type Saga struct {
	ID        ID        `json:"id"`
	Scope     Scope     `json:"scope"`
	Operation string    `json:"operation"` // the mutation, such as createEpisode
	State     SagaState `json:"state"`
	OnDown    OnDown    `json:"onDown"` // what is done when a store is down

	Steps    []SagaStep `json:"steps"`
	Nodes    []Ref      `json:"nodes,omitempty"`    // which it writes
	Receipts []Receipt  `json:"receipts,omitempty"` // of a deletion
	Problem  string     `json:"problem,omitempty"`  // why it is taken back, waits, or is stuck; fit to be shown

	// Claims are what no other unfinished saga of the scope may touch: ids of nodes, and names, of up to 512 characters. They
	// end with the saga.
	Claims []string `json:"claims,omitempty"`
	// Turn says that it makes happen what waited as it was sent, and whose turn has come. Only [Journal.Begin] reads it.
	Turn bool `json:"-"`
	// Plan is what the steps write and what was there before. It holds content, and is erased when the saga ends. Only
	// [Journal.Due] and [Journal.Take] read it.
	Plan []byte `json:"-"`

	Attempts  int       `json:"attempts"`  // rounds of work, the first included
	NotBefore time.Time `json:"notBefore"` // when it is worked on again, while nobody owns it
	Owner     string    `json:"owner"`     // the gateway that works on it; empty while none does
	Fence     int       `json:"fence"`     // rises whenever what was sent to stores before must no longer happen
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`
}

// SagaState is how far a saga has come.
type SagaState string

// States of a saga. COMMITTED and COMPENSATED are final; STUCK ends by an administrator, or by success at last.
const (
	SagaPending      SagaState = "PENDING"      // written down; no store was touched
	SagaQueued       SagaState = "QUEUED"       // waits for a store that is down
	SagaRunning      SagaState = "RUNNING"      // some steps are done
	SagaCommitted    SagaState = "COMMITTED"    // all of it happened
	SagaCompensating SagaState = "COMPENSATING" // is being taken back
	SagaCompensated  SagaState = "COMPENSATED"  // none of it happened
	SagaStuck        SagaState = "STUCK"        // could not be taken back so far
)

// SagaStates lists every state.
var SagaStates = []SagaState{SagaPending, SagaQueued, SagaRunning, SagaCommitted, SagaCompensating, SagaCompensated, SagaStuck}

// Ended says that nothing more will happen.
func (s SagaState) Ended() bool { return s == SagaCommitted || s == SagaCompensated }

// OnDown is what a write does when a store that it needs is down.
type OnDown string

// What a write does when a store is down.
const (
	OnDownRollBack OnDown = "ROLL_BACK" // it is taken back, and the caller gets an error
	OnDownQueue    OnDown = "QUEUE"     // it waits for the store
)

// SagaStep is one write to one store.
type SagaStep struct {
	Store    Role      `json:"store"`
	Name     string    `json:"name"` // contract and method, such as episodes.put
	State    StepState `json:"state"`
	Attempts int       `json:"attempts"`
	Error    string    `json:"error,omitempty"` // of the last attempt, fit to be shown
}

// StepState is how far a step has come. One that is PENDING may have been tried, and may even have happened.
type StepState string

// States of a step.
const (
	StepPending StepState = "PENDING"
	StepDone    StepState = "DONE"
	StepUndone  StepState = "UNDONE"
)

// Receipt says what a deletion removed from one store, and what it found there afterwards.
type Receipt struct {
	Store   Role   `json:"store"`
	Kind    Kind   `json:"kind,omitempty"` // of the nodes it is about; empty for copies of any noun
	Name    string `json:"name"`           // what was removed: nodes, edges, mentions, records, points, answers, copies
	Deleted int    `json:"deleted"`
	Left    int    `json:"left"`
}

// SagaSpec is the shape of sagas; the newest comes first.
var SagaSpec = Spec{
	Kind: KindSaga,
	Fields: map[Field]Type{
		"id": Text, "operation": Text, "state": Text, "attempts": Number, "createdAt": Time, "updatedAt": Time,
	},
	Default: []Order{{Field: "createdAt", Direction: Descending}},
}

// KindSaga is the kind of sagas. They are no nouns: they hold no memory.
const KindSaga Kind = "Saga"

// Ref is the saga's kind and id.
func (s *Saga) Ref() Ref { return Ref{KindSaga, s.ID} }

// Claimed is the cause of the [ErrConflict] of a saga that claims what another one has claimed.
type Claimed struct {
	Claim string
	Saga  ID // empty when it ended meanwhile
}

func (c *Claimed) Error() string { return "claimed by the saga " + string(c.Saga) }

// ErrFenced is the cause of the [ErrConflict] of a write in the name of a saga that another gateway has taken over, or
// that has been turned back meanwhile: nothing was written, and nothing more must be tried.
var ErrFenced = errors.New("fenced off")

// FencedOff is the error of such a write.
func FencedOff(backend string) error {
	return &Error{Kind: ErrConflict, Backend: backend, Cause: ErrFenced, Message: "this write was taken over by another gateway"}
}

// Journal keeps the sagas (role: records). What it answers is durable.
//
// A saga that has not ended is worked on by one gateway at a time, which holds a lease on it by the clock of the database.
// Each takeover raises the fence of the saga, and whoever comes with a lower one is refused.
type Journal interface {
	// Atomic runs fn in one transaction: the journal's calls made with fn's context join it, and so do those of other
	// contracts of the same database. It commits when fn returns nil. fn may be run again when the transaction gave way to
	// another, so it must do the same each time.
	Atomic(ctx context.Context, fn func(context.Context) error) error

	// Begin writes a new saga. One that has not ended takes its claims and is leased to its Owner, if it has one; a claim that
	// another saga has is [ErrConflict] with the cause [*Claimed], and an id that is there [ErrConflict]. One that has ended
	// keeps neither owner nor plan nor claims. Times that are zero are set by the database's clock, in the saga, too; Fence
	// becomes 1.
	//
	// One that is QUEUED and has no steps waits as it was sent. It takes no claims: what it claims is what it will touch, and
	// several may wait for the same. Until it has ended, a saga that comes with one of these claims is a conflict, as above,
	// even one that has ended already, unless it has the Turn.
	Begin(ctx context.Context, saga *Saga, lease time.Duration) error
	// Advance writes State, Steps, Nodes, Receipts, Problem, Attempts, NotBefore, Owner and Fence of a saga whose stored fence is
	// held; otherwise the cause is [ErrFenced]. An empty Owner gives the lease back. A saga that has ended loses owner, plan
	// and claims, and what would bring it into another state is [ErrFenced]. UpdatedAt becomes the time of the database.
	Advance(ctx context.Context, saga *Saga, held int) error
	// Renew extends the leases of these sagas of an owner and answers which of them it still holds. A lease that ran out is
	// renewed as long as nobody took the saga over.
	Renew(ctx context.Context, owner string, ids []ID, lease time.Duration) ([]ID, error)
	// Due takes over up to limit sagas that have not ended, whose time has come and that nobody holds, the oldest first, with
	// their plans and claims: it leases them to owner and raises their fences. While other gateways look too, there may be
	// more than it gives. alone says that no other gateway can be alive, so that leases of others count for nothing.
	Due(ctx context.Context, owner string, lease time.Duration, alone bool, limit int) ([]*Saga, error)
	// Take takes over one saga that has not ended and that nobody holds, whether its time has come or not, as Due does. It
	// answers nil when there is no such one.
	Take(ctx context.Context, s Scope, id ID, owner string, lease time.Duration) (*Saga, error)
	// Wake lets a saga that has not ended and that nobody holds be due at once, and says whether there is such a one.
	Wake(ctx context.Context, s Scope, id ID) (bool, error)

	// ByID reads sagas without their plans.
	ByID(ctx context.Context, s Scope, ids []ID) (map[ID]*Saga, error)
	// List reads a page of sagas without their plans.
	List(ctx context.Context, s Scope, q Query) (Slice[*Saga], error)
	Count(ctx context.Context, s Scope, where Filter) (int, error)
	// Holding answers which unfinished saga holds each of these claims, or will touch it; those that none does are absent.
	Holding(ctx context.Context, s Scope, claims []string) (map[string]ID, error)
	// Unfinished counts the sagas in each state that is not final, in all scopes.
	Unfinished(ctx context.Context) (map[SagaState]int, error)
	// Prune deletes sagas that ended before an instant, in every scope, and says how many there were.
	Prune(ctx context.Context, before time.Time) (int, error)

	// Exclusive says that the database is open in this process only.
	Exclusive() bool
}

// Event is a change that was committed.
type Event struct {
	Position int64     `json:"position"` // rises; set by the outbox
	Scope    Scope     `json:"scope"`
	Saga     ID        `json:"saga"`
	Type     EventType `json:"type"`
	Node     Ref       `json:"node"`
	Version  int       `json:"version,omitempty"` // of the node after the change; of a saga its fence
	Fields   []Field   `json:"fields,omitempty"`  // which changed
	State    SagaState `json:"state,omitempty"`   // that a saga has come into
	At       time.Time `json:"at"`
}

// EventType is what happened.
type EventType string

// What happens to nodes, and to sagas themselves.
const (
	NodeCreated   EventType = "CREATED"
	NodeUpdated   EventType = "UPDATED"
	NodeForgotten EventType = "FORGOTTEN"
	SagaMoved     EventType = "SAGA"
)

// Extent says which events an outbox holds, over all scopes: those behind After, up to End.
type Extent struct {
	After int64 // the last position that was pruned
	End   int64 // the last position that was given away
}

// Outbox keeps the events of committed writes in the order in which readers may rely on (role: records, in the database of
// the journal).
type Outbox interface {
	// Append writes events; inside [Journal.Atomic] they are there if and only if that commits, and not before. An event of a
	// saga about a node that is there already is passed over, and so is one about itself in the same state and version.
	Append(ctx context.Context, events []Event) error
	// After reads up to limit events of a scope that follow a position, in order. An event that is read is never followed by
	// one with a lower position that was not there before.
	After(ctx context.Context, s Scope, position int64, limit int) ([]Event, error)
	// Latest reads the latest event of a scope, nil if there is none.
	Latest(ctx context.Context, s Scope) (*Event, error)
	// Extent says which events are held.
	Extent(ctx context.Context) (Extent, error)
	// Prune deletes events older than an instant, but for the latest of them in each scope, and says how many there were.
	// An event is deleted only together with all that came before it in its scope.
	Prune(ctx context.Context, before time.Time) (int, error)
	// Notify has f called with their scope whenever events that this process appended have been committed. It must return at
	// once.
	Notify(f func(Scope))
}

// Fence says in whose name a write is made.
type Fence struct {
	Saga  ID
	Token int // of two writes of a saga, the one with the lower token is the older
}

type fenceKey struct{}

// Fenced lets the writes made with a context be made in the name of a saga. A store that has seen a write of this saga with
// a higher token refuses them, see [FencedOff], so that one that was delayed does not undo what came after it. A token of
// more than 1 is remembered together with the write, for at least [FenceKept]. Stores in the database of the journal need
// not look: there the journal refuses the transaction.
func Fenced(ctx context.Context, f Fence) context.Context {
	return context.WithValue(ctx, fenceKey{}, f)
}

// FenceOf is what [Fenced] set.
func FenceOf(ctx context.Context) (Fence, bool) {
	f, ok := ctx.Value(fenceKey{}).(Fence)
	return f, ok
}

// FenceKept is how long a store remembers a fence.
const FenceKept = 24 * time.Hour

// Clone copies a saga as deep as it can change.
func (s *Saga) Clone() *Saga {
	c := *s
	c.Steps, c.Receipts = slices.Clone(s.Steps), slices.Clone(s.Receipts)
	return &c
}
