package model

import (
	"encoding/binary"
	"strings"
	"time"

	"thalamus/events"
	"thalamus/stores"
)

// Told is what all events have.
type Told struct {
	Cursor         string
	PreviousCursor string
	At             time.Time
}

// IsMemoryEvent makes whatever is told an event of the schema.
func (Told) IsMemoryEvent() {}

// Name is the event's place in its stream.
func (t Told) Name() string { return t.Cursor }

// MemoryEvent is an event of the schema.
type MemoryEvent interface {
	IsMemoryEvent()
	Name() string
}

// MemoryCreated tells of a new node.
type MemoryCreated struct {
	Told
	ID   stores.Ref
	Kind string
}

// MemoryUpdated tells of a node that changed.
type MemoryUpdated struct {
	Told
	ID            stores.Ref
	Kind          string
	Version       int
	ChangedFields []string
}

// MemoryForgotten tells of a node that is gone.
type MemoryForgotten struct {
	Told
	ID   stores.Ref
	Kind string
}

// SagaChanged tells of a write that came into another state.
type SagaChanged struct {
	Told
	ID    stores.Ref
	State stores.SagaState
}

// BackendChanged tells of a backend whose breaker moved, in one of its roles.
type BackendChanged struct {
	Told
	Backend *Backend
}

// CaughtUp says that all of before was told.
type CaughtUp struct{ Told }

// Gap says what is missing.
type Gap struct {
	Told
	From, To, Advice string
}

// What to do about a gap.
const (
	adviceExpired = "These events were pruned. Read again what you show, then go on with the stream."
	adviceLost    = "There is no such event: the records were replaced or restored. Read again what you show, then go on with the stream."
)

// NewMemoryEvents shows an item of a stream to its subscriber: as one event, or as one for each role of a backend. backends
// shows those that play roles.
func NewMemoryEvents(sign *Signer, s stores.Scope, i events.Item, backends func([]stores.Role) []*Backend) []MemoryEvent {
	told := Told{EventCursor(sign, s, i.Place), EventCursor(sign, s, i.Previous), i.At}
	if i.Change == nil {
		return []MemoryEvent{newMemoryEvent(sign, s, told, i)}
	}
	var all []MemoryEvent
	for _, b := range backends(i.Change.Roles) {
		all = append(all, &BackendChanged{told, b})
		told.PreviousCursor = told.Cursor
	}
	return all
}

func newMemoryEvent(sign *Signer, s stores.Scope, told Told, i events.Item) MemoryEvent {
	switch {
	case i.Gap != nil:
		advice := adviceExpired
		if i.Gap.Lost {
			advice = adviceLost
		}
		return &Gap{told, EventCursor(sign, s, i.Gap.From), EventCursor(sign, s, i.Gap.To), advice}
	case i.CaughtUp:
		return &CaughtUp{told}
	}
	return newEvent(told, *i.Event)
}

func newEvent(told Told, e stores.Event) MemoryEvent {
	kind := string(e.Node.Kind)
	switch e.Type {
	case stores.NodeCreated:
		return &MemoryCreated{told, e.Node, kind}
	case stores.NodeForgotten:
		return &MemoryForgotten{told, e.Node, kind}
	case stores.SagaMoved:
		return &SagaChanged{told, e.Node, e.State}
	}
	changed := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		changed[i] = string(f)
	}
	return &MemoryUpdated{told, e.Node, kind, e.Version, changed}
}

// eventCursor tells cursors of events from those of lists.
const eventCursor = "event "

// EventCursor makes the cursor of a place in the stream of a scope. Positions are those of all scopes together, so they are
// hidden: how they rise would tell what others write.
func EventCursor(sign *Signer, s stores.Scope, p events.Place) string {
	var plain [blockSize]byte
	binary.BigEndian.PutUint64(plain[:8], uint64(p.Position))
	binary.BigEndian.PutUint64(plain[8:], p.Mark)
	hidden := sign.hide(plain)
	return sign.Sign(s, stores.Cursor(eventCursor+string(hidden[:])))
}

// EventPlace reads a cursor that came back; name is where it came from.
func EventPlace(sign *Signer, s stores.Scope, name, cursor string) (events.Place, error) {
	content, err := sign.Verify(s, name, cursor)
	if err != nil {
		return events.Place{}, stores.Invalid(name, "is not the cursor of an event of this scope; start again without it")
	}
	hidden, ok := strings.CutPrefix(string(content), eventCursor)
	if !ok || len(hidden) != blockSize {
		return events.Place{}, stores.Invalid(name, "is the cursor of a list, and no event's; start again without it")
	}
	plain := sign.show([blockSize]byte([]byte(hidden)))
	return events.Place{Position: int64(binary.BigEndian.Uint64(plain[:8])), Mark: binary.BigEndian.Uint64(plain[8:])}, nil
}

// maxEventIDs bounds the ids of a filter.
const maxEventIDs = 200

// Filter is which events are wanted; no input stands for all.
func (in *MemoryEventFilter) Filter() (events.Filter, error) {
	if in == nil {
		return events.Filter{}, nil
	}
	f := events.Filter{Types: in.Types.Value()}
	for _, kind := range in.Kinds.Value() {
		f.Kinds = append(f.Kinds, kindsOfNodes[kind])
	}
	var err error
	f.IDs, err = eventIDs("filter.ids", in.Ids.Value())
	for name, empty := range map[string]bool{
		"filter.types": in.Types.IsSet() && in.Types.Value() != nil && len(in.Types.Value()) == 0,
		"filter.kinds": in.Kinds.IsSet() && in.Kinds.Value() != nil && len(in.Kinds.Value()) == 0,
	} {
		if empty {
			return f, stores.Invalid(name, "is empty, so no event would ever be told; leave it out for all of them")
		}
	}
	return f, err
}

// TodoFilter is which events of todos are wanted.
func TodoFilter(ids []*stores.Ref) (events.Filter, error) {
	for _, r := range ids {
		if r.Kind != stores.KindTodo {
			return events.Filter{}, stores.Invalid("ids", "must be ids of todos; this is one of the type %s", r.Kind)
		}
	}
	plain, err := eventIDs("ids", ids)
	return events.Filter{Kinds: []stores.Kind{stores.KindTodo}, IDs: plain}, err
}

func eventIDs(name string, refs []*stores.Ref) (ids []stores.ID, err error) {
	if refs != nil && (len(refs) == 0 || len(refs) > maxEventIDs) {
		return nil, stores.Invalid(name, "has %d items; it must have 1 to %d", len(refs), maxEventIDs)
	}
	for _, r := range refs {
		ids = append(ids, r.ID)
	}
	return ids, nil
}

var kindsOfNodes = map[NodeKind]stores.Kind{
	NodeKindEpisode: stores.KindEpisode, NodeKindEntity: stores.KindEntity, NodeKindProcedure: stores.KindProcedure,
	NodeKindRelationship: stores.KindRelationship, NodeKindProfile: stores.KindProfile, NodeKindTodo: stores.KindTodo,
}
