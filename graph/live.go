package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"thalamus/graph/transport"
	"thalamus/stores"
)

// What lasts, in numbers. Their labels hold no names, of which clients may send any number.
const (
	metricConnections   = "thalamus.live.connections"
	metricSubscriptions = "thalamus.live.subscriptions"
	metricEvents        = "thalamus.live.events"
	metricDropped       = "thalamus.live.dropped"
)

const labelTransport = attribute.Key("transport")

// live counts connections and subscriptions while they last, and what is told over them.
type live struct {
	connections, subscriptions metric.Int64UpDownCounter
	events, dropped            metric.Int64Counter
}

func newLive(meters metric.MeterProvider) (*live, error) {
	l, meter := &live{}, meters.Meter("thalamus/graph")
	for _, m := range []struct {
		name, text string
		to         *metric.Int64UpDownCounter
	}{
		{metricConnections, "WebSockets and event streams that are open.", &l.connections},
		{metricSubscriptions, "Subscriptions that are open, by field.", &l.subscriptions},
	} {
		var err error
		if *m.to, err = meter.Int64UpDownCounter(m.name, metric.WithDescription(m.text)); err != nil {
			return nil, fmt.Errorf("metric %s: %w", m.name, err)
		}
	}
	for _, m := range []struct {
		name, text string
		to         *metric.Int64Counter
	}{
		{metricEvents, "Events that subscribers were told of, by type.", &l.events},
		{metricDropped, "WebSockets and event streams that their clients did not end, by reason.", &l.dropped},
	} {
		var err error
		if *m.to, err = meter.Int64Counter(m.name, metric.WithDescription(m.text)); err != nil {
			return nil, fmt.Errorf("metric %s: %w", m.name, err)
		}
	}
	return l, nil
}

type lasting func(context.Context) (context.Context, func(transport.End))

// lasting counts connections. next, which may be nil, is told of them as well.
func (l *live) lasting(next lasting) lasting {
	if next == nil {
		next = func(ctx context.Context) (context.Context, func(transport.End)) { return ctx, func(transport.End) {} }
	}
	return func(ctx context.Context) (context.Context, func(transport.End)) {
		via := labelTransport.String(string(transport.ViaOf(ctx)))
		l.connections.Add(ctx, 1, metric.WithAttributes(via))
		ctx, ended := next(ctx)
		return ctx, func(end transport.End) {
			ended(end)
			l.connections.Add(ctx, -1, metric.WithAttributes(via))
			if end != transport.EndLeft {
				l.dropped.Add(ctx, 1, metric.WithAttributes(via, attribute.String("reason", string(end))))
			}
		}
	}
}

// observe counts a subscription from its beginning until its context ends.
func (l *live) observe(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	if op.Operation.Operation != ast.Subscription {
		return next(ctx)
	}
	labels := metric.WithAttributes(labelTransport.String(string(transport.ViaOf(ctx))), attribute.String("field", rootField(op)))
	l.subscriptions.Add(ctx, 1, labels)
	context.AfterFunc(ctx, func() { l.subscriptions.Add(ctx, -1, labels) })
	return next(ctx)
}

// rootField is the field of the schema that a subscription selects.
func rootField(op *graphql.OperationContext) (name string) {
	for _, f := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Subscription"}) {
		name = f.Name
	}
	return name
}

// told counts an event that was handed to a subscriber.
func (l *live) told(ctx context.Context, what stores.EventType) {
	l.events.Add(ctx, 1, metric.WithAttributes(attribute.String("type", string(what))))
}
