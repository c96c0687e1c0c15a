package openai

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	api "github.com/sashabaranov/go-openai"
)

// Waits between attempts. The wait after attempt n is random, below firstWait·2^n and never above maxBackoff; a server
// that asks for more than maxRetryAfter is not waited for.
const (
	firstWait     = 500 * time.Millisecond
	maxBackoff    = 10 * time.Second
	maxRetryAfter = time.Minute
)

// maxAnswerBytes bounds what is read of an answer: 96 vectors of 8192 numbers in JSON take about 16 MiB.
const maxAnswerBytes = 128 << 20

// embedBatch asks for the vectors of one batch, again and again while that may help.
func (e *Embedder) embedBatch(ctx context.Context, texts []string, retries int) ([][]float32, error) {
	for attempt := 0; ; attempt++ {
		vectors, failed := e.attempt(ctx, texts)
		if failed == nil {
			return vectors, nil
		}
		again := ctx.Err() == nil && failed.retry && attempt < retries && wait(ctx, pause(attempt, failed.after))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !again {
			return nil, failed.err
		}
	}
}

// attempt makes one request, within its own time.
func (e *Embedder) attempt(ctx context.Context, texts []string) ([][]float32, *failure) {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return nil, &failure{err: ctx.Err()}
	}
	seen := &response{}
	attemptCtx, cancel := context.WithTimeout(context.WithValue(ctx, responseKey{}, seen), e.config.Timeout)
	defer cancel()
	answer, err := e.client.CreateEmbeddings(attemptCtx, api.EmbeddingRequest{
		Input:      texts,
		Model:      api.EmbeddingModel(e.config.Model),
		Dimensions: e.config.Dimension,
	})
	if err != nil {
		return nil, e.classify(err, seen.retryAfter)
	}
	vectors, err := readVectors(answer.Data, len(texts), e.model.Dimension)
	if err != nil {
		return nil, &failure{err: err}
	}
	return vectors, nil
}

// readVectors puts the vectors in the order of the texts, checks them and makes them one long. Dimension 0 takes any.
func readVectors(data []api.Embedding, count, dimension int) ([][]float32, error) {
	if len(data) != count {
		return nil, unusable(fmt.Errorf("%d vectors for %d texts", len(data), count))
	}
	vectors := make([][]float32, count)
	for _, item := range data {
		if item.Index < 0 || item.Index >= count || vectors[item.Index] != nil {
			return nil, unusable(fmt.Errorf("index %d twice or outside of %d texts", item.Index, count))
		}
		if len(item.Embedding) == 0 {
			return nil, unusable(errors.New("an empty vector"))
		}
		if dimension != 0 && len(item.Embedding) != dimension {
			return nil, wrongDimension(dimension, len(item.Embedding))
		}
		if !normalize(item.Embedding) {
			return nil, unusable(errors.New("a vector of zeros, or with a number that is not finite"))
		}
		vectors[item.Index] = item.Embedding
	}
	return vectors, nil
}

// normalize scales a vector to unit length, or says that it cannot be.
func normalize(vector []float32) bool {
	var sum float64
	for _, x := range vector {
		sum += float64(x) * float64(x)
	}
	if sum == 0 || math.IsNaN(sum) || math.IsInf(sum, 0) {
		return false
	}
	scale := 1 / math.Sqrt(sum)
	for i, x := range vector {
		vector[i] = float32(float64(x) * scale)
	}
	return true
}

// pause is how long to wait after an attempt: what the server asked for, and a random time on top, so that many who were
// refused together do not come back together.
func pause(attempt int, asked time.Duration) time.Duration {
	return asked + rand.N(min(firstWait<<min(attempt, 10), maxBackoff))
}

// wait sleeps, unless that is pointless because the caller's time ends before or the wait is too long.
func wait(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d || d > maxRetryAfter+maxBackoff {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// response is what an attempt sees of its HTTP response besides the decoded body; it travels in the request's context,
// because the client library drops the headers of errors.
type response struct{ retryAfter time.Duration }

type responseKey struct{}

// doer sends requests, notes Retry-After, bounds the answer, and takes a redirect for the error that it is: following it
// would hand the texts, and maybe the key, to an address nobody configured.
type doer struct{ client *http.Client }

// Do implements the client library's HTTPDoer.
func (d doer) Do(request *http.Request) (*http.Response, error) {
	resp, err := d.client.Do(request)
	if err != nil {
		return nil, err
	}
	if seen, ok := request.Context().Value(responseKey{}).(*response); ok {
		seen.retryAfter = retryAfter(resp.Header)
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		_ = resp.Body.Close()
		return nil, &api.RequestError{HTTPStatusCode: resp.StatusCode, HTTPStatus: resp.Status}
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxAnswerBytes)
	return resp, nil
}

func newHTTPClient(transport http.RoundTripper) *http.Client {
	if transport == nil {
		transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// retryAfter reads the header, in seconds or as a date (RFC 9110 §10.2.3); zero when it is absent, past or unreadable.
func retryAfter(header http.Header) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, 1e9) * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
