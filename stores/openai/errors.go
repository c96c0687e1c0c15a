package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	api "github.com/sashabaranov/go-openai"

	"thalamus/stores"
)

// failure is why an attempt failed, in the words of package stores, and whether another may succeed.
type failure struct {
	err   error
	retry bool
	after time.Duration // the least to wait, as the server asks
}

// classify translates an error of the client library.
func (e *Embedder) classify(err error, after time.Duration) *failure {
	var apiErr *api.APIError
	var requestErr *api.RequestError
	var syntaxErr *json.SyntaxError
	var typeErr *json.UnmarshalTypeError
	var sizeErr *http.MaxBytesError
	switch {
	case errors.As(err, &apiErr) && apiErr.HTTPStatusCode != 0:
		noQuota := apiErr.Code == "insufficient_quota" || apiErr.Type == "insufficient_quota"
		return e.byStatus(apiErr.HTTPStatusCode, noQuota, apiErr.Message, after)
	case errors.As(err, &requestErr):
		return e.byStatus(requestErr.HTTPStatusCode, false, string(requestErr.Body), after)
	case errors.As(err, &syntaxErr), errors.As(err, &typeErr), errors.As(err, &sizeErr):
		return &failure{err: unusable(errors.New("not the JSON of embeddings, or too much of it"))}
	case errors.Is(err, context.DeadlineExceeded):
		return &failure{err: unavailable("the embedding server did not answer in time",
			fmt.Errorf("no answer within %s", e.config.Timeout)), retry: true}
	}
	return &failure{err: unavailable("the embedding server cannot be reached", e.scrub(reason(err))), retry: true}
}

// byStatus translates an HTTP status. What the server says goes into the cause only: it may repeat the key or the text.
func (e *Embedder) byStatus(status int, noQuota bool, said string, after time.Duration) *failure {
	cause := e.scrub(fmt.Sprintf("status %d: %s", status, said))
	refused := func(message string) *failure {
		return &failure{err: &stores.Error{Kind: stores.ErrInvalid, Message: message, Backend: Name, Cause: cause}}
	}
	switch {
	case noQuota, status == http.StatusPaymentRequired:
		return &failure{err: unavailable("the account at the embedding server has no quota left; check its plan and billing", cause)}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return refused("the embedding server refuses the API key; set " + keySetting + " to one that may use the model of its URL")
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return refused("the embedding server knows no such address or model; check the path (often /v1) and model= of its URL")
	case status >= 300 && status < 400:
		return refused("the embedding server redirects elsewhere; correct its URL to the final address")
	case status == http.StatusTooManyRequests:
		return &failure{err: unavailable("the embedding server is asked too often; try again later", cause), retry: true, after: after}
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500:
		return &failure{err: unavailable("the embedding server has a problem of its own; try again later", cause), retry: true, after: after}
	}
	return refused("the embedding server refuses the request: a text may be too long for the model (lower maxbytes= of its URL), " +
		"or the model may have a fixed length of vectors (remove dimension=)")
}

func unavailable(message string, cause error) error {
	return &stores.Error{Kind: stores.ErrUnavailable, Message: message, Backend: Name, Cause: cause}
}

// unusable is an answer that arrived and is wrong.
func unusable(cause error) error {
	return unavailable("the embedding server gave an answer that cannot be used; check that its URL is the address of an embedding model", cause)
}

func wrongDimension(want, got int) error {
	return &stores.Error{Kind: stores.ErrInvalid, Backend: Name, Message: fmt.Sprintf(
		"the embedding model answers with %d dimensions instead of %d; set dimension=%d in its URL, or choose another model", got, want, got)}
}

// reason is what went wrong on the way, without the address that the errors of package net repeat.
func reason(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	var u *url.Error
	switch {
	case errors.As(err, &dns):
		return "name lookup: " + dns.Err
	case errors.As(err, &op):
		return op.Op + ": " + op.Err.Error()
	case errors.As(err, &u):
		return u.Err.Error()
	}
	return err.Error()
}

// scrub makes a cause of a text, without the key and the address, and only of its beginning.
func (e *Embedder) scrub(text string) error { return errors.New(shorten(e.hide.Replace(text))) }

// hider replaces the key, the address and its host.
func hider(config Config) *strings.Replacer {
	var pairs []string
	for _, hidden := range []string{string(config.APIKey), config.BaseURL, hostOf(config.BaseURL)} {
		if hidden != "" {
			pairs = append(pairs, hidden, redacted)
		}
	}
	return strings.NewReplacer(pairs...)
}

func hostOf(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Host
}

// shorten keeps the beginning of a text that a server may have written.
func shorten(text string) string {
	const limit = 300
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}
