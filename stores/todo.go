package stores

import (
	"context"
	"time"
)

// Todo is something to be done.
type Todo struct {
	ID            ID         `json:"id"`
	Scope         Scope      `json:"scope"`
	Content       string     `json:"content"`
	Status        TodoStatus `json:"status"`
	Urgency       Urgency    `json:"urgency"`
	Assignee      string     `json:"assignee,omitempty"`
	Reason        string     `json:"reason,omitempty"`
	StartTime     time.Time  `json:"startTime"`
	EndTime       *time.Time `json:"endTime,omitempty"`     // deadline; completing does not change it
	CompletedAt   *time.Time `json:"completedAt,omitempty"` // set while completed
	SourceEpisode ID         `json:"sourceEpisode,omitempty"`
	Entities      []ID       `json:"entities,omitempty"`
	CreatedAt     time.Time  `json:"createdAt"`
	UpdatedAt     time.Time  `json:"updatedAt"`
	Version       int        `json:"version"`
}

// TodoStatus says whether a todo is done.
type TodoStatus string

// Todo statuses.
const (
	TodoPending   TodoStatus = "PENDING"
	TodoCompleted TodoStatus = "COMPLETED"
)

// TodoStatuses lists every status.
var TodoStatuses = []TodoStatus{TodoPending, TodoCompleted}

// Urgency is 0 low, 1 medium, 2 high, 3 urgent. It sorts as a number.
type Urgency int

// Urgencies.
const (
	UrgencyLow Urgency = iota
	UrgencyMedium
	UrgencyHigh
	UrgencyUrgent
)

const maxReason = 10_000

// TodoSpec is the shape of todos: the most urgent first, then the newest.
var TodoSpec = Spec{
	Kind: KindTodo,
	Fields: map[Field]Type{
		"id": Text, "content": Text, "status": Text, "urgency": Number, "assignee": Text, "reason": Text,
		"startTime": Time, "endTime": Time, "completedAt": Time, "sourceEpisode": Text, "entities": TextList,
		"createdAt": Time, "updatedAt": Time, "version": Number,
	},
	Heavy:   []Field{"content", "reason"},
	Default: []Order{{Field: "urgency", Direction: Descending}, {Field: "createdAt", Direction: Descending}},
}

// Ref is the todo's noun and id.
func (t *Todo) Ref() Ref { return Ref{KindTodo, t.ID} }

// Owner is the scope the todo belongs to.
func (t *Todo) Owner() Scope { return t.Scope }

// Revision is the stored version.
func (t *Todo) Revision() int { return t.Version }

// Touch makes the todo the next version.
func (t *Todo) Touch(at time.Time) { t.Version, t.UpdatedAt = t.Version+1, at }

// SetDefaults gives a new todo what its author left out.
func (t *Todo) SetDefaults(now time.Time) {
	setID(&t.ID)
	setOr(&t.Status, TodoPending)
	if t.EndTime != nil && t.StartTime.IsZero() && t.EndTime.Before(now) {
		t.StartTime = *t.EndTime // an overdue todo started by its deadline at the latest
	}
	setTime(&t.StartTime, now)
	setTime(&t.CreatedAt, now)
	setTime(&t.UpdatedAt, now)
	setOr(&t.Version, 1)
}

// SetStatus moves the todo and keeps completedAt in step; the deadline stays.
func (t *Todo) SetStatus(status TodoStatus, at time.Time) {
	if status == t.Status {
		return
	}
	t.Status, t.CompletedAt = status, nil
	if status == TodoCompleted {
		t.CompletedAt = &at
	}
}

// Validate says everything that is wrong with the todo.
func (t *Todo) Validate() error {
	var c Check
	c.Add(t.Scope.Validate())
	c.Least("version", t.Version, 0)
	c.Text("content", t.Content, 1, MaxContent)
	oneOf(&c, "status", t.Status, TodoStatuses)
	c.That(t.Urgency >= UrgencyLow && t.Urgency <= UrgencyUrgent, "urgency", "must be between 0 (low) and 3 (urgent)")
	c.Text("assignee", t.Assignee, 0, MaxName)
	c.Text("reason", t.Reason, 0, maxReason)
	c.Order("endTime", t.StartTime, t.EndTime)
	c.That(len(t.Entities) <= maxMentions, "entities", "has %d items; the limit is %d", len(t.Entities), maxMentions)
	return c.Err()
}

// EmbeddingText is the text whose vector stands for the todo.
func (t *Todo) EmbeddingText() string { return t.Content }

// Todos is the record of truth of todos (role: records).
type Todos interface {
	ByID(ctx context.Context, s Scope, ids []ID, fields []Field) (map[ID]*Todo, error)
	List(ctx context.Context, s Scope, q Query) (Slice[*Todo], error)
	Count(ctx context.Context, s Scope, where Filter) (int, error)
	// ByEpisode reads, for each episode, one page of the todos that came from it.
	ByEpisode(ctx context.Context, s Scope, episodes []ID, q Query) (map[ID]Slice[*Todo], error)
	// ByEntity reads, for each entity, one page of the todos that are about it.
	ByEntity(ctx context.Context, s Scope, entities []ID, q Query) (map[ID]Slice[*Todo], error)
	// Put inserts or replaces by id.
	Put(ctx context.Context, s Scope, items []*Todo) error
	// Swap replaces the stored record if its version is one below the item's: [ErrConflict] otherwise, [ErrNotFound] if
	// there is none.
	Swap(ctx context.Context, s Scope, item *Todo) error
	Delete(ctx context.Context, s Scope, ids []ID) (int, error)
}
