package qdrant_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"thalamus/stores"
	"thalamus/stores/qdrant"
)

const episodes = stores.CollectionEpisodes

var (
	alice = stores.NewScope("alice", "", "")
	model = stores.Model{Name: "test", Dimension: 4}
)

// fault stands between client and server. It sees every request before it is sent; what it returns is done instead of
// sending, or nil to send it.
type fault struct {
	mu  sync.Mutex
	see func(ctx context.Context, method string, request any, send func() error) error
}

func (f *fault) set(see func(ctx context.Context, method string, request any, send func() error) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.see = see
}

func (f *fault) dial() grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		f.mu.Lock()
		see := f.see
		f.mu.Unlock()
		send := func() error { return invoke(ctx, method, request, reply, conn, opts...) }
		if see == nil {
			return send()
		}
		return see(ctx, method[strings.LastIndex(method, "/")+1:], request, send)
	})
}

// openFaulty opens an engine with a fault that does nothing yet, and another engine on the same collections, both bound.
func openFaulty(t *testing.T, options ...string) (v, other *qdrant.Vectors, f *fault) {
	url := ownURL(t, options...)
	f = &fault{}
	v, other = open(t, url, f.dial()), open(t, url)
	must(t, v.Bind(t.Context(), model))
	must(t, other.Bind(t.Context(), model))
	return v, other, f
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// numbered are n points with the same text and different vectors.
func numbered(n int, text string) []stores.Point {
	points := make([]stores.Point, n)
	for i := range points {
		points[i] = stores.Point{
			ID: stores.NewID(), Text: text, Vector: []float32{1, float32(i), 0, 1}, Payload: map[stores.Field]any{"urgency": float64(i)},
		}
	}
	return points
}

// everything is all points of a scope.
func everything(t *testing.T, v *qdrant.Vectors, s stores.Scope) map[stores.ID]stores.Point {
	t.Helper()
	ids, err := v.Scroll(t.Context(), s, episodes, stores.Filter{}, "", 10_000)
	must(t, err)
	points, err := v.Get(t.Context(), s, episodes, ids)
	must(t, err)
	return points
}

func diff(want, got any) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApprox(0, 1e-6))
}

// TestUpsertIsUndone lets one of several requests of an upsert fail, in every way there is, and wants everything to be as
// it was: points that were replaced by earlier requests, and by the failing one, are back.
func TestUpsertIsUndone(t *testing.T) {
	unavailable := status.Error(codes.Unavailable, "the connection broke")
	for _, tt := range []struct {
		name string
		kind error
		fail func(cancel func(), send func() error) error
	}{
		{"before it is sent", stores.ErrUnavailable, func(_ func(), _ func() error) error { return unavailable }},
		{"after it is done", stores.ErrUnavailable, func(_ func(), send func() error) error { return errors.Join(send(), unavailable) }},
		{"refused", stores.ErrInvalid, func(_ func(), _ func() error) error { return status.Error(codes.InvalidArgument, "no") }},
		{"cancelled", context.Canceled, func(cancel func(), send func() error) error { cancel(); return send() }},
		{"cancelled when it is done", context.Canceled, func(cancel func(), send func() error) error {
			err := send()
			cancel()
			return errors.Join(err, status.Error(codes.Canceled, "gone"))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, other, f := openFaulty(t)
			old := numbered(250, "amber")
			must(t, v.Upsert(t.Context(), alice, episodes, old))
			must(t, v.Upsert(t.Context(), stores.NewScope("bob", "", ""), episodes, old))
			before := everything(t, other, alice)

			fresh := numbered(400, "birch")
			for i := range 200 { // half of the batch replaces
				fresh[2*i].ID = old[i].ID
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var sent atomic.Int32
			f.set(func(_ context.Context, method string, _ any, send func() error) error {
				if method == "Upsert" && sent.Add(1) == 3 {
					return tt.fail(cancel, send)
				}
				return send()
			})
			err := v.Upsert(ctx, alice, episodes, fresh)
			if !errors.Is(err, tt.kind) {
				t.Fatalf("error %v, want %v", err, tt.kind)
			}
			f.set(nil)
			if d := diff(before, everything(t, other, alice)); d != "" {
				t.Errorf("after an upsert was undone (-before +after):\n%.2000s", d)
			}
			if n := len(everything(t, other, stores.NewScope("bob", "", ""))); n != len(old) {
				t.Errorf("another scope has %d points, want %d", n, len(old))
			}
			for text, want := range map[string]int{"amber": 250, "birch": 0} {
				hits, err := other.Search(t.Context(), alice, []stores.Search{{Collection: episodes, Text: text, Limit: 1000}})
				must(t, err)
				if len(hits[0]) != want {
					t.Errorf("%q is found in %d texts, want %d", text, len(hits[0]), want)
				}
			}
		})
	}
}

// TestUndoLeavesOthersAlone lets somebody else write a point of the batch, after the batch and before it is undone.
func TestUndoLeavesOthersAlone(t *testing.T) {
	v, other, f := openFaulty(t, "concurrency=1")
	points := numbered(200, "amber")
	must(t, v.Upsert(t.Context(), alice, episodes, points[:1]))
	replaced, created := points[0], points[1]
	replaced.Text, created.Text = "theirs", "theirs"
	sent := 0
	f.set(func(ctx context.Context, method string, _ any, send func() error) error {
		if method != "Upsert" {
			return send()
		}
		if sent++; sent == 2 {
			must(t, other.Upsert(ctx, alice, episodes, []stores.Point{replaced, created}))
			return status.Error(codes.Unavailable, "the connection broke")
		}
		return send()
	})
	if err := v.Upsert(t.Context(), alice, episodes, points); !errors.Is(err, stores.ErrUnavailable) {
		t.Fatal(err)
	}
	got := everything(t, other, alice)
	if len(got) != 2 || got[replaced.ID].Text != "theirs" || got[created.ID].Text != "theirs" {
		t.Errorf("what somebody else wrote is %v", got)
	}
}

// TestUndoFails wants an error that tells what may be half-written when undoing fails, too.
func TestUndoFails(t *testing.T) {
	v, _, f := openFaulty(t, "concurrency=1")
	sent := 0
	f.set(func(_ context.Context, method string, _ any, send func() error) error {
		if sent++; method == "Delete" || method == "Upsert" && sent > 3 {
			return status.Error(codes.Unavailable, "10.0.0.7:6334 is gone")
		}
		return send()
	})
	err := v.Upsert(t.Context(), alice, episodes, numbered(300, "amber"))
	var e *stores.Error
	if !errors.Is(err, stores.ErrUnavailable) || !errors.As(err, &e) {
		t.Fatal(err)
	}
	if !strings.Contains(e.Message, "up to 200 of its points may be stored") || strings.Contains(e.Message, "10.0.0.7") {
		t.Errorf("message %q", e.Message)
	}
}

// TestUpsertConcurrency counts the requests that one upsert has on their way.
func TestUpsertConcurrency(t *testing.T) {
	v, _, f := openFaulty(t, "concurrency=3")
	var running, most, sizes atomic.Int32
	f.set(func(_ context.Context, method string, request any, send func() error) error {
		if method == "Upsert" {
			sizes.Store(max(sizes.Load(), int32(len(request.(*pb.UpsertPoints).GetPoints()))))
		}
		now := running.Add(1)
		defer running.Add(-1)
		for {
			seen := most.Load()
			if now <= seen || most.CompareAndSwap(seen, now) {
				return send()
			}
		}
	})
	must(t, v.Upsert(t.Context(), alice, episodes, numbered(1250, "amber")))
	if most.Load() > 3 || sizes.Load() != 100 {
		t.Errorf("%d requests at a time with up to %d points, want 3 and 100", most.Load(), sizes.Load())
	}
	if n := len(everything(t, v, alice)); n != 1250 {
		t.Errorf("%d points", n)
	}
}

// TestSearchesShareRequests counts requests: one per collection, whatever is asked; two more when an example is unknown.
func TestSearchesShareRequests(t *testing.T) {
	v, _, f := openFaulty(t)
	points := numbered(5, "amber")
	for _, c := range []stores.Collection{episodes, stores.CollectionTodos} {
		must(t, v.Upsert(t.Context(), alice, c, points))
	}
	var searches []stores.Search
	for i := range 40 {
		s := stores.Search{Collection: []stores.Collection{episodes, stores.CollectionTodos}[i%2], Limit: 3}
		switch i % 4 {
		case 0, 1:
			s.Vector = points[i%5].Vector
		case 2:
			s.Like = points[i%5].ID
		default:
			s.Text, s.Vector = "amber", points[0].Vector
		}
		searches = append(searches, s)
	}
	var sent atomic.Int32
	f.set(func(_ context.Context, _ string, _ any, send func() error) error { sent.Add(1); return send() })
	count := func(searches ...stores.Search) int32 {
		t.Helper()
		sent.Store(0)
		answers, err := v.Search(t.Context(), alice, searches)
		must(t, err)
		for i, hits := range answers[:min(40, len(answers))] {
			if len(hits) == 0 {
				t.Errorf("search %d found nothing", i)
			}
		}
		return sent.Load()
	}
	if n := count(searches...); n != 2 {
		t.Errorf("40 searches in two collections took %d requests, want 2", n)
	}
	unknown := stores.Search{Collection: episodes, Like: stores.NewID(), Limit: 3}
	if n := count(append(searches, unknown)...); n != 4 {
		t.Errorf("with an unknown example they took %d requests, want 4", n)
	}
}

// TestEveryRequestIsScoped looks at all requests that touch points: each asks for the scope first.
func TestEveryRequestIsScoped(t *testing.T) {
	v, _, f := openFaulty(t)
	seen := map[string]int{}
	var mu sync.Mutex
	f.set(func(_ context.Context, method string, request any, send func() error) error {
		mu.Lock()
		defer mu.Unlock()
		seen[method]++
		for _, filter := range filtersOf(request) {
			match := filter.GetMust()[0].GetField()
			if match.GetKey() != "_scope" || match.GetMatch().GetKeyword() != alice.Key() {
				t.Errorf("%s asks for %v first, not for the scope", method, match)
			}
			seen[method+" filters"]++
		}
		return send()
	})
	points := numbered(150, "amber")
	ctx, where := t.Context(), stores.Filter{Op: stores.Or, Terms: []stores.Filter{stores.Where("urgency", stores.Gt, 3)}}
	must(t, v.Upsert(ctx, alice, episodes, points))
	_, err := v.Get(ctx, alice, episodes, []stores.ID{points[0].ID})
	must(t, err)
	_, err = v.Search(ctx, alice, []stores.Search{
		{Collection: episodes, Vector: points[0].Vector, Where: where, Limit: 3}, {Collection: episodes, Like: points[0].ID, Limit: 3},
		{Collection: episodes, Text: "amber", Limit: 3}, {Collection: episodes, Text: "amber", Vector: points[0].Vector, Limit: 3},
		{Collection: episodes, Like: stores.NewID(), Limit: 3},
	})
	must(t, err)
	_, err = v.Scroll(ctx, alice, episodes, where, points[3].ID, 3)
	must(t, err)
	_, err = v.Count(ctx, alice, episodes, stores.Filter{})
	must(t, err)
	must(t, v.SetPayload(ctx, alice, episodes, map[stores.ID]map[stores.Field]any{points[0].ID: {"type": "x"}}))
	must(t, v.SetVectors(ctx, alice, episodes, map[stores.ID][]float32{points[0].ID: points[1].Vector}))
	_, err = v.Delete(ctx, alice, episodes, []stores.ID{points[0].ID})
	must(t, err)
	_, err = v.DeleteWhere(ctx, alice, episodes, where)
	must(t, err)
	for method := range seen {
		if method != "Upsert" && !strings.HasSuffix(method, " filters") && seen[method+" filters"] < seen[method] {
			t.Errorf("%s was sent %d times with %d filters", method, seen[method], seen[method+" filters"])
		}
	}
	if len(seen) < 13 {
		t.Errorf("only these were seen: %v", seen)
	}
}

// filtersOf are the filters of a request that touches points.
func filtersOf(request any) []*pb.Filter {
	switch r := request.(type) {
	case *pb.ScrollPoints:
		return []*pb.Filter{r.GetFilter()}
	case *pb.CountPoints:
		return []*pb.Filter{r.GetFilter()}
	case *pb.DeletePoints:
		return []*pb.Filter{r.GetPoints().GetFilter()}
	case *pb.UpdatePointVectors:
		return []*pb.Filter{r.GetUpdateFilter()}
	case *pb.UpdateBatchPoints:
		var all []*pb.Filter
		for _, o := range r.GetOperations() {
			all = append(all, o.GetSetPayload().GetPointsSelector().GetFilter())
		}
		return all
	case *pb.QueryBatchPoints:
		var all []*pb.Filter
		for _, q := range r.GetQueryPoints() {
			for _, p := range q.GetPrefetch() {
				all = append(all, p.GetFilter())
			}
			if len(q.GetPrefetch()) == 0 {
				all = append(all, q.GetFilter())
			}
		}
		return all
	}
	return nil
}

// TestForeignAnswers lets the server answer with points of somebody else: nothing of it comes through.
func TestForeignAnswers(t *testing.T) {
	v, other, f := openFaulty(t)
	must(t, other.Upsert(t.Context(), stores.NewScope("bob", "", ""), episodes, numbered(3, "secret")))
	mine := numbered(1, "mine")
	must(t, v.Upsert(t.Context(), alice, episodes, mine))
	f.set(func(_ context.Context, _ string, request any, send func() error) error {
		for _, filter := range filtersOf(request) {
			filter.Must = nil
		}
		return send()
	})
	_, got := v.Get(t.Context(), alice, episodes, []stores.ID{mine[0].ID, stores.NewID(), stores.NewID()}) // as many of four points
	_, searched := v.Search(t.Context(), alice, []stores.Search{{Collection: episodes, Text: "secret", Limit: 5}})
	_, scrolled := v.Scroll(t.Context(), alice, episodes, stores.Filter{}, "", 5)
	for what, err := range map[string]error{"get": got, "search": searched, "scroll": scrolled} {
		if !errors.Is(err, stores.ErrUnavailable) || !strings.Contains(err.Error(), "another scope") {
			t.Errorf("%s: error %v", what, err)
		}
	}
}
