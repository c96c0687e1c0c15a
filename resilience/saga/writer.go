package saga

import (
	"context"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"thalamus/stores"
)

// Options of a writer; what is zero gets its default.
type Options struct {
	Log *slog.Logger

	// Lease is how long a saga stays with a gateway that gives no sign of life; 10 s unless given.
	Lease time.Duration
	// Tries is how often a step is tried before its store counts as down; 3 unless given.
	Tries int
	// Rest is the longest pause before the second try of anything; it doubles with each try, up to 20 times of it. 50 ms
	// unless given.
	Rest time.Duration
	// Queue bounds the sagas that wait for a store, in all and of one scope; 10,000 and 500 unless given.
	Queue, QueueOfScope int
	// QueuedFor is how long a saga may wait for a store before it is taken back; 24 h unless given.
	QueuedFor time.Duration
	// Keep is how long sagas that ended and answers can be asked for, and KeepEvents how long events can; 7 days unless given.
	Keep, KeepEvents time.Duration
	// Drain is how many sagas that were left over are worked on at a time; 8 unless given.
	Drain int
}

func (o Options) withDefaults() Options {
	or := func(d *time.Duration, fallback time.Duration) {
		if *d <= 0 {
			*d = fallback
		}
	}
	orNumber := func(n *int, fallback int) {
		if *n <= 0 {
			*n = fallback
		}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	or(&o.Lease, 10*time.Second)
	or(&o.Rest, 50*time.Millisecond)
	or(&o.QueuedFor, 24*time.Hour)
	or(&o.Keep, 7*24*time.Hour)
	or(&o.KeepEvents, 7*24*time.Hour)
	orNumber(&o.Tries, 3)
	orNumber(&o.Queue, 10_000)
	orNumber(&o.QueueOfScope, 500)
	orNumber(&o.Drain, 8)
	return o
}

// Writer makes the writes. [Writer.Start] lets it finish, too, what was left over by itself or by other gateways.
type Writer struct {
	set     *stores.Set
	options Options
	owner   string // of the sagas it works on
	actions map[string]func() action
	turns   turns

	submitter Submitter   // nil: nobody makes submissions
	lived     atomic.Bool // it has looked for sagas before

	// Work goes on when its caller leaves. It ends when the writer closes: what is left is carried on by whoever comes next.
	life    context.Context
	end     context.CancelFunc
	working sync.WaitGroup

	looking context.Context // ends before the work does: nothing left over is begun any more
	settle  context.CancelFunc
}

// New makes a writer over opened stores.
func New(set *stores.Set, o Options) *Writer {
	w := &Writer{set: set, options: o.withDefaults(), owner: newOwner()}
	w.life, w.end = context.WithCancel(context.Background())
	w.looking, w.settle = context.WithCancel(w.life)
	w.actions = w.vocabulary()
	return w
}

// newOwner names this gateway, unlike any other and any of its own former lives.
func newOwner() string { return strconv.Itoa(os.Getpid()) + "-" + string(stores.NewID()) }

// Close ends the work on sagas after a while in which they may end by themselves, or when ctx does. Close the stores after it.
func (w *Writer) Close(ctx context.Context) {
	w.settle()
	done := make(chan struct{})
	go func() {
		w.working.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
	}
	w.end()
	<-done
}

// local says that a step is part of the transaction of the journal.
func (w *Writer) local(st step) bool {
	return st.role == stores.RoleRecords || w.set.Atomic != nil && (st.role == stores.RoleGraph || st.role == stores.RoleVectors)
}

// split says that graph, vectors and records are not one database.
func (w *Writer) split() bool { return w.set.Atomic == nil }

// Together runs several writes as one transaction where the stores are one database, and one after the other otherwise.
func (w *Writer) Together(ctx context.Context, writes func(context.Context) error) error {
	if w.split() {
		return writes(ctx)
	}
	return w.set.Atomic(ctx, writes)
}

// turns lets the writes of this gateway that claim the same follow each other, so that they need not ask again and again.
type turns struct {
	mu      sync.Mutex
	waiting map[string]*turn
}

type turn struct {
	free  chan struct{} // holds a token while nobody has the turn
	users int
}

// take waits for the turns of all keys, which are sorted, and gives the way to end them.
func (t *turns) take(ctx context.Context, keys []string) (done func(), err error) {
	var taken []string
	done = func() {
		for _, key := range taken {
			t.leave(key, true)
		}
	}
	for _, key := range keys {
		select {
		case <-t.join(key).free:
			taken = append(taken, key)
		case <-ctx.Done():
			t.leave(key, false)
			done()
			return nil, ctx.Err()
		}
	}
	return done, nil
}

func (t *turns) join(key string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[string]*turn{}
	}
	mine := t.waiting[key]
	if mine == nil {
		mine = &turn{free: make(chan struct{}, 1)}
		mine.free <- struct{}{}
		t.waiting[key] = mine
	}
	mine.users++
	return mine
}

func (t *turns) leave(key string, had bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	mine := t.waiting[key]
	if had {
		mine.free <- struct{}{}
	}
	if mine.users--; mine.users == 0 {
		delete(t.waiting, key)
	}
}
