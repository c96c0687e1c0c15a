package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"thalamus/access"
	"thalamus/stores"
)

// wire sends mutations.
type wire struct {
	client   *http.Client
	patience time.Duration // with one request
	inFlight atomic.Int64  // requests that were sent and not answered
}

func newWire() *wire {
	return &wire{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, patience: 15 * time.Second}
}

// mutation is a request. It is sent again as it is.
type mutation struct {
	scope stores.Scope
	query string
	input map[string]any
}

// answer is what a gateway says to a mutation.
type answer struct {
	Data   struct{ Answer *payload }
	Errors []struct {
		Message    string
		Extensions struct{ Code string }
	}
}

// payload is the answer of a mutation that was understood.
type payload struct {
	Node     *written
	Nodes    []written
	Deleted  bool
	Problems []struct {
		Code, Message string
		Path          []string
	}
	Saga *struct{ State stores.SagaState }
}

// written is a node as it was acknowledged.
type written struct {
	ID      string
	Version int
	Uses    int
}

// send sends a mutation once. An error says that nothing is known of its outcome.
func (w *wire) send(ctx context.Context, url string, m mutation) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, w.patience)
	defer cancel()
	body, err := json.Marshal(map[string]any{"query": m.query, "variables": map[string]any{"input": m.input}})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(access.UserHeader, m.scope.User)
	w.inFlight.Add(1)
	defer w.inFlight.Add(-1)
	response, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // it was read, or nothing is known
	var a answer
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		return nil, fmt.Errorf("%s: %w", response.Status, err)
	}
	return &a, nil
}
