// Package openai is the embedder behind any server that speaks the embeddings protocol of OpenAI: POST {base}/embeddings.
// OpenAI, Azure's compatible endpoint, vLLM, Ollama, llama.cpp, LocalAI and text-embeddings-inference are such servers.
//
// Texts go out in batches, several at a time. A request that fails for a reason that may pass (429, 5xx, the network, a
// timeout) is tried again after a random wait (exponential backoff with full jitter; Brooker, "Exponential Backoff and
// Jitter", 2015), or after as long as the server asks for. Every answer is checked before it is believed.
package openai

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	api "github.com/sashabaranov/go-openai"
	"golang.org/x/sync/errgroup"

	"thalamus/stores"
)

// Name is the name of this backend.
const Name = "openai"

// maxRequestBytes bounds the texts of one request. OpenAI takes 300,000 tokens; a token has at least a byte.
const maxRequestBytes = 256 << 10

// Embedder asks a server for vectors. It is safe for concurrent use.
type Embedder struct {
	config Config
	model  stores.Model
	client *api.Client
	http   *http.Client
	hide   *strings.Replacer // takes the key and the address out of a text
	slots  chan struct{}     // one for each request under way
	closed atomic.Bool
}

var (
	_ stores.Embedder = (*Embedder)(nil)
	_ stores.Backend  = (*Embedder)(nil)
)

// New makes the embedder. With a configured dimension it asks nothing of the server, which may be down; without, it
// learns the dimension from one request and fails when that fails.
func New(ctx context.Context, config Config) (*Embedder, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Embedder{
		config: config,
		model:  stores.Model{Name: config.Model, Dimension: config.Dimension},
		http:   newHTTPClient(config.Transport),
		hide:   hider(config),
		slots:  make(chan struct{}, config.Concurrency),
	}
	settings := api.DefaultConfig(string(config.APIKey))
	settings.BaseURL = config.BaseURL
	settings.HTTPClient = doer{e.http}
	e.client = api.NewClientWithConfig(settings)
	e.config.APIKey = "" // from here on the key lives behind pointers, where printing an embedder does not reach
	if config.Dimension > 0 {
		return e, nil
	}
	vectors, err := e.embedBatch(ctx, []string{probe}, config.Retries)
	if err != nil {
		_ = e.Close()
		return nil, err
	}
	e.model.Dimension = len(vectors[0])
	return e, nil
}

// probe is the text that stands for any other when only the fact of an answer matters.
const probe = "ping"

// Model is the configured name of the model and the length of its vectors.
func (e *Embedder) Model() stores.Model { return e.model }

// Embed answers with one unit-length vector per text, in order. A blank text has the zero vector and is not sent, since
// servers refuse it. Of a text longer than Config.MaxBytes the beginning is embedded, up to a whole character, since
// models read only so much.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if err := e.usable(ctx); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(texts))
	var sent []int
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			vectors[i] = make([]float32, e.model.Dimension)
		} else {
			sent = append(sent, i)
		}
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(e.config.Concurrency)
	for len(sent) > 0 {
		batch, size := e.nextBatch(texts, sent)
		places := sent[:size]
		sent = sent[size:]
		group.Go(func() error {
			answer, err := e.embedBatch(groupCtx, batch, e.config.Retries)
			for i := range answer {
				vectors[places[i]] = answer[i]
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return vectors, nil
}

// nextBatch takes as many of the texts at the given places as fit into one request, at least one.
func (e *Embedder) nextBatch(texts []string, places []int) (batch []string, size int) {
	bytes := 0
	for size < len(places) && size < e.config.BatchSize {
		text := cut(texts[places[size]], e.config.MaxBytes)
		bytes += len(text)
		if size > 0 && bytes > maxRequestBytes {
			break
		}
		batch = append(batch, text)
		size++
	}
	return batch, size
}

// cut shortens a text to at most limit bytes without splitting a character; one character is always left.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	if limit == 0 {
		_, limit = utf8.DecodeRuneInString(text)
	}
	return text[:limit]
}

// Name is the product.
func (e *Embedder) Name() string { return Name }

// Ping embeds one word, without retries: the only question that every such server answers, and one that a hosted server
// counts as a token or two.
func (e *Embedder) Ping(ctx context.Context) error {
	if err := e.usable(ctx); err != nil {
		return err
	}
	_, err := e.embedBatch(ctx, []string{probe}, 0)
	return err
}

// Close makes every later call fail; requests under way end by themselves.
func (e *Embedder) Close() error {
	e.closed.Store(true)
	e.http.CloseIdleConnections()
	return nil
}

// String names the model and nothing secret, also where a struct that holds an embedder is printed.
func (e *Embedder) String() string { return Name + " " + e.model.Name }

// GoString is String, for %#v.
func (e *Embedder) GoString() string { return e.String() }

func (e *Embedder) usable(ctx context.Context) error {
	if e.closed.Load() {
		return stores.Unavailable(Name, nil)
	}
	return ctx.Err()
}
