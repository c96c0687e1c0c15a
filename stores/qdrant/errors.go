package qdrant

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"thalamus/stores"
)

// errClosed says that Close was called.
var errClosed = errors.New("the connection was closed")

// translate turns what gRPC says into an error of the stores. What the server says is kept as the cause, for logs.
func translate(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	code := status.Code(err)
	_, limited := ctx.Deadline()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("asking %s: %w", Name, ctx.Err())
	case code == codes.DeadlineExceeded && limited: // the server may notice a little earlier than the context
		return fmt.Errorf("asking %s: %w", Name, context.DeadlineExceeded)
	}
	kind, message := stores.ErrUnavailable, "the store is unavailable"
	switch code {
	case codes.NotFound:
		message = "a collection is missing: start the gateway anew, which creates it, then run `thalamus reembed` to fill it"
	case codes.Unauthenticated, codes.PermissionDenied:
		message = "the server does not accept the API key, or its rights: put the right one into the URL, as in qdrants://KEY@host:" + defaultPort
	case codes.ResourceExhausted:
		message = "the server limits requests and this one is over the limit; try again later"
	case codes.InvalidArgument, codes.OutOfRange, codes.FailedPrecondition, codes.AlreadyExists:
		kind, message = stores.ErrInvalid, "the server refused the request"
	case codes.Unimplemented:
		kind, message = stores.ErrUnsupported, fmt.Sprintf("the server does not know this request; it must be Qdrant %d.%d or later", minMajor, minMinor)
	}
	return &stores.Error{Kind: kind, Message: message, Backend: Name, Cause: err}
}

// missing says that the server did not find what was asked for: a collection, or a point that was named.
func missing(err error) bool { return status.Code(err) == codes.NotFound }

// explain words what went wrong at the first contact with a server. A key that it does not accept is then a mistake in the
// configuration: waiting for another answer is of no use.
func explain(address string, err error) error {
	var e *stores.Error
	if !errors.As(err, &e) {
		return err
	}
	told := *e
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied:
		told.Kind = stores.ErrInvalid
	case codes.Unavailable:
		told.Message = fmt.Sprintf("no Qdrant server answers at %s by gRPC: start it, or correct the host and port of the URL; the port for gRPC is %s, as a rule",
			address, defaultPort)
	}
	return &told
}

// foreign is an answer that holds what was not asked for. Nothing of it may be used.
func foreign() error {
	return &stores.Error{
		Kind: stores.ErrUnavailable, Backend: Name, Message: "the server answered with a point of another scope; its answer was dropped",
	}
}
