// Package embedcache remembers the vectors of texts, so that a question that is asked again is not embedded again.
//
// It is meant for questions and for an embedder that is reached over a network; the built-in one is faster than most
// caches. What is to be stored should be embedded without it: a memory is written once, and erasing it should leave
// nothing behind for the life of a cache entry.
package embedcache

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"math"
	"strconv"
	"time"

	"thalamus/stores"
)

// TTL is how long a vector is remembered.
const TTL = 24 * time.Hour

// scope holds every entry. Sharing them between callers shows nobody a text of another: an entry is found only by the
// hash of the whole text, so whoever finds it had the text, and the vector is a function of the text alone. What remains
// is time: a caller who measures well can tell that somebody asked exactly the same during the last day.
var scope = stores.Scope{User: "thalamus", Device: "embedcache", Agent: stores.Default}

// Embedder answers from the cache and asks the embedder behind it for the rest. A cache that fails is as good as an
// empty one.
type Embedder struct {
	next  stores.Embedder
	cache stores.Cache
	log   *slog.Logger
}

var (
	_ stores.Embedder = (*Embedder)(nil)
	_ stores.Copies   = (*Embedder)(nil)
)

// New puts a cache before an embedder. Failures of the cache are logged at debug level; log may be nil.
func New(next stores.Embedder, cache stores.Cache, log *slog.Logger) *Embedder {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Embedder{next: next, cache: cache, log: log}
}

// Model is that of the embedder behind.
func (e *Embedder) Model() stores.Model { return e.next.Model() }

// Embed answers with one vector per text, in order. Only texts that are not in the cache are sent on, each of them once.
func (e *Embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	if len(texts) == 0 {
		return e.next.Embed(ctx, texts)
	}
	model, keys := e.next.Model(), e.keys(texts)
	known := e.recall(ctx, model, keys)
	if err := ctx.Err(); err != nil {
		return nil, err
	}

	var missing, missingKeys []string
	for i, k := range keys {
		if _, ok := known[k]; !ok {
			known[k] = nil
			missing, missingKeys = append(missing, texts[i]), append(missingKeys, k)
		}
	}
	if len(missing) > 0 {
		vectors, err := e.next.Embed(ctx, missing)
		if err != nil {
			return nil, err
		}
		for i, k := range missingKeys {
			known[k] = vectors[i]
		}
		e.remember(ctx, missingKeys, vectors)
	}
	return inOrder(keys, known), nil
}

// recall reads what the cache knows; anything that is not a vector of this model is passed over.
func (e *Embedder) recall(ctx context.Context, model stores.Model, keys []string) map[string][]float32 {
	known := make(map[string][]float32, len(keys))
	values, err := e.cache.Get(ctx, scope, keys)
	if err != nil {
		e.log.DebugContext(ctx, "cannot read cached embeddings", "error", err)
		return known
	}
	for k, value := range values {
		if len(value) == 4*model.Dimension {
			known[k] = decode(value)
		}
	}
	return known
}

func (e *Embedder) remember(ctx context.Context, keys []string, vectors [][]float32) {
	values := make(map[string][]byte, len(keys))
	for i, k := range keys {
		values[k] = encode(vectors[i])
	}
	if err := e.cache.Set(ctx, scope, values, TTL); err != nil {
		e.log.DebugContext(ctx, "cannot cache embeddings", "error", err)
	}
}

// inOrder gives every key its vector; keys that occur again get a copy, since vectors belong to the caller.
func inOrder(keys []string, known map[string][]float32) [][]float32 {
	vectors := make([][]float32, len(keys))
	given := make(map[string]bool, len(keys))
	for i, k := range keys {
		vectors[i] = known[k]
		if given[k] {
			vectors[i] = append([]float32(nil), known[k]...)
		}
		given[k] = true
	}
	return vectors
}

// Forget erases the vectors of texts from the cache and says how many there were.
func (e *Embedder) Forget(ctx context.Context, texts []string) (int, error) {
	return e.cache.Delete(ctx, scope, e.keys(texts))
}

// Kept says of how many texts the cache holds the vector.
func (e *Embedder) Kept(ctx context.Context, texts []string) (int, error) {
	left, err := e.cache.TTL(ctx, scope, e.keys(texts))
	return len(left), err
}

// keys name the vectors of texts by the model behind.
func (e *Embedder) keys(texts []string) []string {
	keys := make([]string, len(texts))
	for i, text := range texts {
		keys[i] = key(e.next.Model(), text)
	}
	return keys
}

// key names the vector of a text by one model. The text is hashed, so that a cache that is read by others does not hold
// what people asked; so is the model's name, which may be longer than a key.
func key(model stores.Model, text string) string {
	hash := sha256.New()
	for _, part := range []string{model.Name, strconv.Itoa(model.Dimension), text} {
		sum := sha256.Sum256([]byte(part))
		hash.Write(sum[:])
	}
	return "embedding:" + hex.EncodeToString(hash.Sum(nil))
}

// encode writes little-endian float32s.
func encode(vector []float32) []byte {
	value := make([]byte, 0, 4*len(vector))
	for _, x := range vector {
		value = binary.LittleEndian.AppendUint32(value, math.Float32bits(x))
	}
	return value
}

func decode(value []byte) []float32 {
	vector := make([]float32, len(value)/4)
	for i := range vector {
		vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(value[4*i:]))
	}
	return vector
}
