package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"thalamus/access"
	"thalamus/graph/transport"
)

const metricRefused = "thalamus.access.refused"

// admission lets callers in, by the same rules on every transport.
type admission struct {
	authenticator access.Authenticator
	log           *slog.Logger
	refused       metric.Int64Counter
}

func newAdmission(by access.Authenticator, log *slog.Logger, meters metric.MeterProvider) (*admission, error) {
	refused, err := meters.Meter("thalamus/graph").Int64Counter(metricRefused,
		metric.WithDescription("Callers that were not let in, by reason."))
	if err != nil {
		return nil, fmt.Errorf("metric %s: %w", metricRefused, err)
	}
	return &admission{authenticator: by, log: log, refused: refused}, nil
}

type shownKey struct{}

// admit lets a request in. One that opens a WebSocket may show its credentials later, since browsers put no headers on it.
func (a *admission) admit(r *http.Request) (context.Context, *transport.Refusal) {
	ctx := context.WithValue(r.Context(), shownKey{}, r.Header)
	caller, refusal := a.ask(ctx, r.Header)
	switch {
	case refusal == nil:
		return access.With(ctx, caller), nil
	case refusal.Reason == access.ReasonMissing && transport.WantsWebSocket(r):
		return ctx, nil
	}
	a.report(ctx, refusal)
	return nil, answerTo(refusal)
}

// init lets a WebSocket in, by the payload of its connection_init and the headers of the request that opened it.
func (a *admission) init(ctx context.Context, payload map[string]any) (context.Context, error) {
	shown, _ := ctx.Value(shownKey{}).(http.Header)
	headers, err := access.Merge(shown, payload)
	if err == nil {
		var caller access.Caller
		var refusal *access.Refusal
		if caller, refusal = a.ask(ctx, headers); refusal == nil {
			return access.With(ctx, caller), nil
		}
		err = refusal
	}
	refusal := refusalOf(err)
	a.report(ctx, refusal)
	answer := answerTo(refusal)
	return ctx, &gqlerror.Error{Message: answer.Message, Extensions: map[string]any{"code": answer.Code}}
}

func (a *admission) ask(ctx context.Context, h http.Header) (access.Caller, *access.Refusal) {
	credentials, err := access.CredentialsOf(h)
	if err != nil {
		return access.Caller{}, refusalOf(err)
	}
	caller, err := a.authenticator.Authenticate(ctx, credentials)
	if err != nil {
		return access.Caller{}, refusalOf(err)
	}
	return caller, nil
}

// refusalOf is what an error of package access is.
func refusalOf(err error) *access.Refusal {
	var r *access.Refusal
	if !errors.As(err, &r) {
		return &access.Refusal{Reason: access.ReasonInvalid, Message: "The caller is not known."}
	}
	return r
}

func (a *admission) report(ctx context.Context, r *access.Refusal) {
	a.refused.Add(ctx, 1, metric.WithAttributes(attribute.String("reason", string(r.Reason))))
	a.log.InfoContext(ctx, "a caller was refused", "reason", r.Reason, "why", cmp.Or(r.Why, r.Message))
}

// answerTo says how a refusal is answered over HTTP.
func answerTo(r *access.Refusal) *transport.Refusal {
	switch r.Reason {
	case access.ReasonScope:
		return &transport.Refusal{Status: http.StatusForbidden, Code: transport.CodeForbidden, Message: r.Message}
	case access.ReasonHeaders:
		return &transport.Refusal{Status: http.StatusBadRequest, Code: transport.CodeBadRequest, Message: r.Message}
	}
	return &transport.Refusal{
		Status: http.StatusUnauthorized, Code: transport.CodeUnauthenticated, Message: r.Message,
		Header: [2]string{"WWW-Authenticate", "Bearer"},
	}
}
