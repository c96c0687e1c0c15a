package testschema

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"

	"thalamus/graph/transport"

	"github.com/99designs/gqlgen/graphql"
)

// Secret is part of an error that no client may ever read.
const Secret = "dial tcp 10.0.0.7:7687"

// Resolvers answers every field of the test schema.
type Resolvers struct {
	counter atomic.Int64
	// Open counts the subscriptions whose producer has not ended yet.
	Open atomic.Int64
	// Started counts the subscriptions that ever began.
	Started atomic.Int64
	// OnTick is called, if set, before a number of ticks is sent.
	OnTick func(context.Context, int)
}

// New returns the executable schema over r, and the configuration it was made from.
func New(r *Resolvers) (graphql.ExecutableSchema, Config) {
	c := Config{Resolvers: r}
	return NewExecutableSchema(c), c
}

func (r *Resolvers) Query() QueryResolver               { return r }
func (r *Resolvers) Mutation() MutationResolver         { return r }
func (r *Resolvers) Subscription() SubscriptionResolver { return r }

func (r *Resolvers) Greeting(_ context.Context, name *string) (string, error) {
	return "hello, " + *name, nil
}

func (r *Resolvers) Echo(_ context.Context, text string) (*string, error) { return &text, nil }

func (r *Resolvers) Fails(context.Context) (*string, error) { return nil, errors.New(Secret) }

func (r *Resolvers) Ruins(context.Context) (string, error) { return "", errors.New(Secret) }

func (r *Resolvers) Waits(ctx context.Context) (*string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (r *Resolvers) Panics(context.Context) (*string, error) { panic(Secret) }

func (r *Resolvers) Blob(_ context.Context, bytes int) (string, error) {
	return strings.Repeat("x", bytes), nil
}

func (r *Resolvers) Add(_ context.Context, by int) (int, error) {
	return int(r.counter.Add(int64(by))), nil
}

func (r *Resolvers) Count(ctx context.Context, to int) (<-chan int, error) {
	i := 0
	return produce(ctx, r, func() (int, bool) { i++; return i, i <= to }), nil
}

func (r *Resolvers) Ticks(ctx context.Context, after *int, to int) (<-chan int, error) {
	i := *after
	if last, err := strconv.Atoi(transport.LastEventID(ctx)); err == nil {
		i = last
	}
	return produce(ctx, r, func() (int, bool) {
		i++
		if r.OnTick != nil {
			r.OnTick(ctx, i)
		}
		transport.NameEvent(ctx, strconv.Itoa(i))
		return i, i <= to
	}), nil
}

func (r *Resolvers) Silence(ctx context.Context) (<-chan int, error) {
	return produce(ctx, r, func() (int, bool) { <-ctx.Done(); return 0, false }), nil
}

func (r *Resolvers) Flood(ctx context.Context, bytes int) (<-chan string, error) {
	text := strings.Repeat("x", bytes)
	return produce(ctx, r, func() (string, bool) { return text, true }), nil
}

func (r *Resolvers) Refused(context.Context) (<-chan int, error) { return nil, errors.New(Secret) }

// produce sends what next returns until it says stop or ctx ends.
func produce[T any](ctx context.Context, r *Resolvers, next func() (T, bool)) <-chan T {
	out := make(chan T)
	r.Open.Add(1)
	r.Started.Add(1)
	go func() {
		defer r.Open.Add(-1)
		defer close(out)
		for v, more := next(); more; v, more = next() {
			select {
			case out <- v:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}
