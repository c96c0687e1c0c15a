package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"thalamus/graph/model"
	"thalamus/graph/transport"
	"thalamus/stores"
	"thalamus/telemetry"
)

// codes is the one table from the kind of an error to extensions.code. An error of no kind is INTERNAL: it is logged in
// full and shown as nothing.
var codes = []struct {
	kind error
	code string
}{
	{stores.ErrInvalid, "BAD_USER_INPUT"},
	{stores.ErrNotFound, "NOT_FOUND"},
	{stores.ErrConflict, "CONFLICT"},
	{stores.ErrUnsupported, "UNSUPPORTED"},
	{stores.ErrUnavailable, "STORE_UNAVAILABLE"},
}

// presenter turns an error into what clients see.
func presenter(log *slog.Logger) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		var shown *gqlerror.Error
		if !errors.As(err, &shown) {
			shown = gqlerror.WrapPath(graphql.GetPath(ctx), err)
		}
		if _, coded := shown.Extensions["code"]; coded || shown.Err == nil {
			return shown
		}
		out := &gqlerror.Error{Path: shown.Path, Locations: shown.Locations}
		out.Message, out.Extensions = explain(ctx, err, argument(ctx, shown.Path))
		if out.Extensions["code"] == transport.CodeInternal || out.Extensions["code"] == "STORE_UNAVAILABLE" {
			log.ErrorContext(ctx, "a field failed", "path", shown.Path.String(), "error", err)
			if id := telemetry.Request(ctx); id != "" {
				out.Extensions["requestId"] = id // by which an operator finds the line above
			}
		}
		return out
	}
}

// argument is the input that an error is about, as far as its path leads beyond the path of the field: gqlgen appends where
// in the arguments it met a bad value.
func argument(ctx context.Context, path ast.Path) (names []string) {
	fc := graphql.GetFieldContext(ctx)
	if fc == nil {
		return nil
	}
	for _, step := range path[min(len(fc.Path()), len(path)):] {
		names = append(names, fmt.Sprint(step))
	}
	return names
}

func explain(ctx context.Context, err error, argument []string) (message string, extensions map[string]any) {
	if cause := context.Cause(ctx); cause != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)) {
		if errors.Is(cause, transport.ErrTimeout) {
			return "The operation took too long: ask for less at once.", map[string]any{"code": transport.CodeTimeout}
		}
		return "The request was cancelled.", map[string]any{"code": "CANCELLED"}
	}
	for _, c := range codes {
		if errors.Is(err, c.kind) {
			message, extensions = c.kind.Error(), map[string]any{"code": c.code}
			var e *stores.Error
			if errors.As(err, &e) {
				message = cmp.Or(model.Message(e), message)
				argument = append(argument, e.Path...)
				if len(argument) > 0 {
					message = strings.Join(argument, ".") + " " + message
					extensions["argument"] = argument
				}
				if e.Backend != "" {
					extensions["backend"] = e.Backend
				}
				if e.RetryAfter > 0 {
					extensions["retryAfterMs"] = e.RetryAfter.Milliseconds()
				}
			}
			return message, extensions
		}
	}
	if errors.Is(err, context.DeadlineExceeded) { // of a call, such as one that a sleeping process came back to
		return "A store did not answer in time; try again.", map[string]any{"code": "STORE_UNAVAILABLE"}
	}
	return "Internal error.", map[string]any{"code": transport.CodeInternal}
}

// maxErrors is how many errors a response lists: one cause can fail thousands of fields alike.
const maxErrors = 100

func fewErrors(r *graphql.Response) *graphql.Response {
	if r == nil || len(r.Errors) <= maxErrors {
		return r
	}
	more := &gqlerror.Error{
		Message:    fmt.Sprintf("%d more errors are not listed.", len(r.Errors)-maxErrors),
		Extensions: map[string]any{"code": "MORE_ERRORS"},
	}
	r.Errors = append(r.Errors[:maxErrors:maxErrors], more)
	return r
}
