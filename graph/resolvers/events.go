package resolvers

import (
	"context"
	"errors"

	"thalamus/access"
	"thalamus/events"
	"thalamus/graph/model"
	"thalamus/graph/transport"
	"thalamus/loaders"
	"thalamus/stores"
)

// follow begins a subscription to the events of the caller's scope. What a client says it had last on this stream, which
// clients say by themselves when they come again, counts before what it said at first.
func follow(ctx context.Context, r *Resolver, after *string, filter func() (events.Filter, error)) (<-chan model.MemoryEvent, error) {
	wanted, err := filter()
	if err != nil {
		return nil, err
	}
	from, name := after, "after"
	if last := transport.LastEventID(ctx); last != "" {
		from, name = &last, "Last-Event-ID"
	}
	var place *events.Place
	if from != nil {
		p, err := model.EventPlace(r.signer, scope(ctx), name, *from)
		if err != nil {
			return nil, err
		}
		place = &p
	}
	subscription, err := r.events.Subscribe(ctx, scope(ctx), place, wanted)
	if err != nil {
		return nil, err
	}
	out := make(chan model.MemoryEvent)
	go func() {
		defer close(out)
		_ = subscription.Run(ctx, func(i events.Item) error { // ends with the subscriber only
			for _, e := range model.NewMemoryEvents(r.signer, scope(ctx), i, r.backends.Playing) {
				transport.NameEvent(ctx, e.Name())
				if err := hand(ctx, out, e); err != nil {
					return err
				}
				r.told(ctx, typeOf(i))
			}
			return nil
		})
	}()
	return out, nil
}

// typeOf is the type of what is told, as filters name it where they can.
func typeOf(i events.Item) stores.EventType {
	switch {
	case i.Event != nil:
		return i.Event.Type
	case i.Change != nil:
		return events.BackendMoved
	case i.Gap != nil:
		return "GAP"
	}
	return "CAUGHT_UP"
}

// updates begins a subscription to one write.
func (r *Resolver) updates(ctx context.Context, id stores.ID) (<-chan *loaders.Saga, error) {
	subscription, err := r.events.Subscribe(ctx, scope(ctx), nil, events.Filter{Types: []stores.EventType{stores.SagaMoved}, IDs: []stores.ID{id}})
	if err != nil {
		return nil, err
	}
	first, err := r.sagaNow(ctx, id)
	if err != nil {
		return nil, err
	}
	out := make(chan *loaders.Saga)
	go func() {
		defer close(out)
		tell := func(now *loaders.Saga) error {
			err := hand(ctx, out, now)
			if err == nil {
				r.told(ctx, stores.SagaMoved)
			}
			return err
		}
		if tell(first) != nil || first == nil || first.State.Ended() {
			return
		}
		_ = subscription.Run(ctx, func(i events.Item) error {
			if i.Event == nil {
				return nil
			}
			now, err := r.sagaNow(ctx, id)
			if err == nil { // else it is told the next time
				err = tell(now)
			}
			if ctx.Err() != nil || err == nil && (now == nil || now.State.Ended()) {
				return errEnded
			}
			return nil
		})
	}()
	return out, nil
}

var errEnded = errors.New("there is nothing more to tell")

// sagaNow reads a write; nil when there is none.
func (r *Resolver) sagaNow(ctx context.Context, id stores.ID) (*loaders.Saga, error) {
	found, err := r.set.Journal.ByID(ctx, scope(ctx), []stores.ID{id})
	return loaders.NewSaga(found[id]), err
}

// hand gives an event to the executor, unless the caller is not known any more.
func hand[E any](ctx context.Context, out chan<- E, e E) error {
	if !access.Valid(ctx) {
		return errEnded
	}
	select {
	case out <- e:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
