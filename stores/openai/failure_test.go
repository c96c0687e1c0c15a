package openai_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"thalamus/stores"
	"thalamus/stores/openai"
)

// bubble runs an embedder on a scripted server, in virtual time.
func bubble(t *testing.T, script []reply, run func(t *testing.T, e *openai.Embedder, f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fake{dimension: 8, script: script}
		e, err := openai.New(t.Context(), openai.Config{
			BaseURL: "https://embeddings.example/v1", APIKey: secret, Model: "fake-1", Dimension: 8, Transport: wired{f},
		})
		if err != nil {
			t.Fatal(err)
		}
		run(t, e, f)
	})
}

func wantError(t *testing.T, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want an error of kind %v", err, kind)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not contain %q", err, w)
		}
	}
	for _, w := range []string{string(secret), "embeddings.example", "127.0.0.1"} {
		if strings.Contains(err.Error(), w) {
			t.Errorf("%q contains %q", err, w)
		}
	}
}

func TestFailuresThatPassAreRetried(t *testing.T) {
	for name, script := range map[string][]reply{
		"429":       {{status: 429, body: `{"error": {"message": "slow down"}}`}},
		"500 twice": {{status: 500}, {status: 500, body: "<html>oops"}},
		"502 503":   {{status: 502}, {status: 503}, {status: 504}},
		"hanging":   {{hang: true}},
		"cut off":   {{body: `{"data": [{"index": 0, "embe`}, {body: " "}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, script, func(t *testing.T, e *openai.Embedder, f *fake) {
				wantVectors(t, e, []string{"a", "b"}, 8)
				if n := len(f.seen()); n != len(script)+1 {
					t.Errorf("%d requests, want %d", n, len(script)+1)
				}
			})
		})
	}
}

func TestRetriesEnd(t *testing.T) {
	for name, rep := range map[string]reply{"500": {status: 500}, "429": {status: 429}, "hanging": {hang: true}} {
		t.Run(name, func(t *testing.T) {
			bubble(t, []reply{rep, rep, rep, rep, rep}, func(t *testing.T, e *openai.Embedder, f *fake) {
				start := time.Now()
				_, err := e.Embed(t.Context(), []string{"a"})
				wantError(t, err, stores.ErrUnavailable, "embedding server")
				if n := len(f.seen()); n != 1+openai.DefaultRetries {
					t.Errorf("%d requests", n)
				}
				// Waits of at most 0.5, 1 and 2 s, and 30 s for each attempt that hangs.
				limit := 3500 * time.Millisecond
				if rep.hang {
					limit += 4 * openai.DefaultTimeout
				}
				if took := time.Since(start); took > limit || rep.hang && took < 4*openai.DefaultTimeout {
					t.Errorf("took %s, the limit is %s", took, limit)
				}
			})
		})
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	for name, value := range map[string]func() string{
		"seconds": func() string { return "20" },
		"date":    func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, nil, func(t *testing.T, e *openai.Embedder, f *fake) {
				f.script = []reply{{status: 429, header: map[string]string{"Retry-After": value()}}}
				start := time.Now()
				wantVectors(t, e, []string{"a"}, 8)
				if took := time.Since(start); took < 19*time.Second || took > 21*time.Second {
					t.Errorf("waited %s", took)
				}
			})
		})
	}
}

// Waiting is pointless when the server wants an hour, or when the caller's time is over before.
func TestNoPointlessWait(t *testing.T) {
	for name, c := range map[string]struct {
		asked    string
		deadline time.Duration
	}{
		"an hour":        {"3600", time.Hour * 2},
		"for ever":       {"1e300", time.Hour * 2},
		"past the limit": {"20", 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			script := []reply{{status: 503, header: map[string]string{"Retry-After": c.asked}}}
			bubble(t, script, func(t *testing.T, e *openai.Embedder, f *fake) {
				ctx, cancel := context.WithTimeout(t.Context(), c.deadline)
				defer cancel()
				start := time.Now()
				_, err := e.Embed(ctx, []string{"a"})
				wantError(t, err, stores.ErrUnavailable)
				if took := time.Since(start); took != 0 || len(f.seen()) != 1 {
					t.Errorf("%d requests in %s", len(f.seen()), took)
				}
			})
		})
	}
}

func TestCancelledWhileWaiting(t *testing.T) {
	script := []reply{{status: 429, header: map[string]string{"Retry-After": "30"}}}
	bubble(t, script, func(t *testing.T, e *openai.Embedder, f *fake) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Second, cancel)
		start := time.Now()
		if _, err := e.Embed(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 5*time.Second || len(f.seen()) != 1 {
			t.Errorf("%d requests in %s", len(f.seen()), took)
		}
	})
}

func TestRefusalsAreNotRetried(t *testing.T) {
	for name, c := range map[string]struct {
		reply reply
		kind  error
		words []string
	}{
		"no key": {reply{status: 401, body: `{"error": {"message": "Incorrect API key: ` + string(secret) + `"}}`},
			stores.ErrInvalid, []string{"THALAMUS_EMBEDDER_KEY", "refuses the API key"}},
		"forbidden":  {reply{status: 403, body: string(secret)}, stores.ErrInvalid, []string{"THALAMUS_EMBEDDER_KEY"}},
		"no model":   {reply{status: 404}, stores.ErrInvalid, []string{"its URL", "model="}},
		"redirect":   {reply{status: 307, header: map[string]string{"Location": "/elsewhere"}}, stores.ErrInvalid, []string{"final address"}},
		"bad input":  {reply{status: 400, body: `{"error": {"message": "too long"}}`}, stores.ErrInvalid, []string{"too long", "maxbytes="}},
		"no quota":   {reply{status: 429, body: `{"error": {"message": "x", "type": "insufficient_quota", "code": "insufficient_quota"}}`}, stores.ErrUnavailable, []string{"billing"}},
		"not JSON":   {reply{body: "<html>"}, stores.ErrUnavailable, []string{"cannot be used"}},
		"other JSON": {reply{body: `{"data": "text"}`}, stores.ErrUnavailable, []string{"cannot be used"}},
		"nothing":    {reply{body: `{}`}, stores.ErrUnavailable, []string{"0 vectors for 2"}},
		"too few":    {reply{change: func(v []item) []item { return v[:1] }}, stores.ErrUnavailable, []string{"1 vectors for 2"}},
		"same index": {reply{change: func(v []item) []item { v[0].Index = v[1].Index; return v }}, stores.ErrUnavailable, []string{"index"}},
		"index past the end": {reply{change: func(v []item) []item { v[0].Index = 2; return v }},
			stores.ErrUnavailable, []string{"index"}},
		"negative index": {reply{change: func(v []item) []item { v[0].Index = -1; return v }},
			stores.ErrUnavailable, []string{"index"}},
		"wrong dimension": {reply{change: func(v []item) []item { v[1].Embedding = v[1].Embedding[:7]; return v }},
			stores.ErrInvalid, []string{"7 dimensions instead of 8", "its URL"}},
		"no vector": {reply{change: func(v []item) []item { v[1].Embedding = nil; return v }}, stores.ErrUnavailable, []string{"empty"}},
		"zeros":     {reply{change: func(v []item) []item { v[1].Embedding = make([]float64, 8); return v }}, stores.ErrUnavailable, []string{"zeros"}},
		"infinite":  {reply{change: func(v []item) []item { v[1].Embedding[3] = 1e39; return v }}, stores.ErrUnavailable, []string{"cannot be used"}},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, []reply{c.reply}, func(t *testing.T, e *openai.Embedder, f *fake) {
				vectors, err := e.Embed(t.Context(), []string{"a", "b"})
				wantError(t, err, c.kind, c.words...)
				if vectors != nil {
					t.Error("vectors came with the error")
				}
				if n := len(f.seen()); n != 1 {
					t.Errorf("%d requests", n)
				}
			})
		})
	}
}

// One batch that is refused ends the call; what the others brought is dropped.
func TestOneBatchFails(t *testing.T) {
	f := &fake{dimension: 8, script: []reply{{}, {}, {status: 400}}}
	e := serve(t, f, func(c *openai.Config) { c.BatchSize = 1 })
	vectors, err := e.Embed(t.Context(), numbered(10))
	wantError(t, err, stores.ErrInvalid)
	if vectors != nil {
		t.Error("vectors came with the error")
	}
	wantVectors(t, e, numbered(10), 8)
}

func TestUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	config := openai.Config{BaseURL: "http://" + address + "/v1", APIKey: secret, Model: "fake-1", Dimension: 8, Retries: -1}
	e, err := openai.New(t.Context(), config) // a known dimension needs no server
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	_, err = e.Embed(t.Context(), []string{"a"})
	wantError(t, err, stores.ErrUnavailable, "cannot be reached", "refused")
	wantError(t, e.Ping(t.Context()), stores.ErrUnavailable)

	config.Dimension = 0
	_, err = openai.New(t.Context(), config)
	wantError(t, err, stores.ErrUnavailable, "cannot be reached")
}

func TestHangingServer(t *testing.T) {
	f := &fake{dimension: 8, script: []reply{{hang: true}}}
	e := serve(t, f, func(c *openai.Config) { c.Timeout, c.Retries = 20*time.Millisecond, -1 })
	_, err := e.Embed(t.Context(), []string{"a"})
	wantError(t, err, stores.ErrUnavailable, "in time")
}

// A redirect is not followed: the texts stay with the configured server.
func TestRedirectIsNotFollowed(t *testing.T) {
	elsewhere := &fake{dimension: 8}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	f := &fake{dimension: 8, script: []reply{{status: 307, header: map[string]string{"Location": other.URL + "/v1/embeddings"}}}}
	e := serve(t, f, nil)
	_, err := e.Embed(t.Context(), []string{"private"})
	wantError(t, err, stores.ErrInvalid, "redirects")
	if n := len(elsewhere.seen()); n != 0 {
		t.Errorf("%d requests went elsewhere", n)
	}
}
