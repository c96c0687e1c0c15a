package transport

import (
	"context"
	"errors"
	"os"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
)

// Via is what an operation came by, where that is a connection that lasts.
type Via string

// The connections that last.
const (
	ViaSocket Via = "websocket"
	ViaStream Via = "sse"
)

type viaKey struct{}

// ViaOf is what the operation of a context came by; "" if it came by a request like any other.
func ViaOf(ctx context.Context) Via {
	via, _ := ctx.Value(viaKey{}).(Via)
	return via
}

// End is why a connection that lasts has ended.
type End string

// The ends of connections.
const (
	EndLeft    End = "left"    // its client left, or had all of its stream
	EndSlow    End = "slow"    // its client read too slowly
	EndSilent  End = "silent"  // its client answered no pings
	EndExpired End = "expired" // what its client was let in by is not valid any more
	EndRefused End = "refused" // its client was not let in, or broke the protocol
	EndDrained End = "drained" // the server stops
	EndFault   End = "fault"   // of ours
)

// begin tells that a connection lasts, and gives the context that it lives by and what to call when it has ended.
func (x *exchange) begin(ctx context.Context, via Via) (context.Context, func(End)) {
	return x.options.Lasting(context.WithValue(ctx, viaKey{}, via))
}

// follow runs a subscription over an event stream.
func (x *exchange) follow(ctx context.Context, form form, op *graphql.OperationContext) {
	defer x.release()
	ctx, ended := x.begin(ctx, ViaStream)
	end := EndFault // where nobody says otherwise: something panicked
	defer func() { ended(end) }()
	until, release := x.options.Until(ctx)
	defer release()
	x.execute(until, form, op)
	end = x.endOf(ctx, until)
}

// endOf is why an event stream has ended.
func (x *exchange) endOf(ctx, until context.Context) End {
	switch {
	case errors.Is(x.unsent, os.ErrDeadlineExceeded):
		return EndSlow
	case x.r.Context().Err() == nil && ctx.Err() != nil:
		return EndDrained
	case ctx.Err() == nil && until.Err() != nil:
		return EndExpired
	}
	return EndLeft
}

// endOf is why a WebSocket has ended.
func (s *socket) endOf() End {
	switch {
	case s.code == CloseForbidden && s.session != nil:
		return EndExpired
	case s.code == CloseSlowReader:
		return EndSlow
	case s.code == CloseNoPong:
		return EndSilent
	case s.code == CloseShutdown:
		return EndDrained
	case s.code == CloseInternalError:
		return EndFault
	case s.code == websocket.StatusNormalClosure:
		return EndLeft
	}
	return EndRefused
}
