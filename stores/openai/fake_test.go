package openai_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"thalamus/stores/openai"
)

// request is what a server is asked: the wire format of POST /embeddings.
type request struct {
	Input          []string `json:"input"`
	Model          string   `json:"model"`
	Dimensions     int      `json:"dimensions"`
	EncodingFormat string   `json:"encoding_format"`

	key, path string
}

// reply is a scripted answer; the zero reply is the right one.
type reply struct {
	status int
	body   string
	header map[string]string
	change func(vectors []item) []item // of a right answer
	hang   bool                        // until the client gives up
	before func()
}

type item struct {
	Object    string    `json:"object"`
	Index     int       `json:"index"`
	Embedding []float64 `json:"embedding"`
}

// fake speaks the protocol. It gives the scripted replies first and right answers ever after, in reverse order.
type fake struct {
	dimension int                                        // of its model
	model     func(text string, dimension int) []float64 // nil: rawVector

	mu       sync.Mutex
	script   []reply
	requests []request
	atOnce   int
	peak     int
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req request
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	req.key, req.path = r.Header.Get("Authorization"), r.Method+" "+r.URL.String()
	rep := f.begin(req)
	defer f.end()

	if rep.before != nil {
		rep.before()
	}
	if rep.hang {
		<-r.Context().Done()
		return
	}
	for name, value := range rep.header {
		w.Header().Set(name, value)
	}
	if rep.status != 0 {
		w.WriteHeader(rep.status)
	}
	if rep.status != 0 || rep.body != "" {
		_, _ = w.Write([]byte(rep.body))
		return
	}
	f.answer(w, req, rep)
}

func (f *fake) begin(req request) reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, req)
	f.atOnce++
	f.peak = max(f.peak, f.atOnce)
	if len(f.script) == 0 {
		return reply{}
	}
	rep := f.script[0]
	f.script = f.script[1:]
	return rep
}

func (f *fake) end() {
	f.mu.Lock()
	f.atOnce--
	f.mu.Unlock()
}

func (f *fake) answer(w http.ResponseWriter, req request, rep reply) {
	dimension := f.dimension
	if req.Dimensions != 0 {
		dimension = req.Dimensions
	}
	model := f.model
	if model == nil {
		model = rawVector
	}
	items := make([]item, len(req.Input))
	for i, text := range req.Input {
		items[i] = item{"embedding", i, model(text, dimension)}
	}
	slices.Reverse(items)
	if rep.change != nil {
		items = rep.change(items)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"object": "list", "model": req.Model, "data": items, "usage": map[string]int{"prompt_tokens": 1, "total_tokens": 1},
	})
}

func (f *fake) seen() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// rawVector is the fake model: a function of the text, not of unit length.
func rawVector(text string, dimension int) []float64 {
	vector := make([]float64, dimension)
	for i := range vector {
		h := fnv.New32a()
		_, _ = fmt.Fprint(h, i, text)
		vector[i] = float64(h.Sum32()%1000) - 499.5
	}
	return vector
}

// unit is what an embedder must make of it.
func unit(text string, dimension int) []float32 {
	raw := rawVector(text, dimension)
	var sum float64
	for _, x := range raw {
		sum += x * x
	}
	vector := make([]float32, dimension)
	for i, x := range raw {
		vector[i] = float32(x / math.Sqrt(sum))
	}
	return vector
}

const secret = openai.Key("sk-very-secret-0123456789")

// serve starts the fake on a port of its own and opens an embedder of 8 dimensions on it.
func serve(t *testing.T, f *fake, change func(*openai.Config)) *openai.Embedder {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	config := openai.Config{BaseURL: server.URL + "/v1", APIKey: secret, Model: "fake-1", Dimension: 8}
	if change != nil {
		change(&config)
	}
	e, err := openai.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// wired carries requests to a handler without a network, so that they may run in a bubble where waiting takes no time.
type wired struct{ handler http.Handler }

func (w wired) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return recorder.Result(), nil
}
