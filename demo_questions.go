package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"thalamus/graph"
)

// question is an example that the demo asks.
type question struct{ title, query string }

var demoQuestions = []question{
	{"What happened lately, who was in it, and what is left to do?", `
query Reference($n: Int! = 2) {
  episodes(first: $n) { edges { node {
    content
    entities {
      name
      relationships(first: 3) { edges { node { type target { ... on Entity { name } } } } }
      todos { content }
    }
    profile { content }
  } } }
}`},
	{"Why were webhooks delayed in October? One question in plain words, searched by meaning and by words", `
query {
  recall(input: {text: "Why were webhooks delayed on Friday 9 October?", first: 2}) {
    hits { score node { ... on Episode { content } ... on Entity { summary } } legs { name rank } }
  }
}`},
	{"Where did the ledger live, and since when? Facts have a validity, so the past stays true", `
query {
  entity(by: {name: "Ledger database"}) { versions { summary validFrom validTo } }
}`},
}

// lines is the query as it is shown.
func (q question) lines() []string { return strings.Split(strings.TrimSpace(q.query), "\n") }

// reply is what the gateway answered.
type reply struct {
	data  json.RawMessage
	calls int
	took  time.Duration
}

// ask sends the question over HTTP, as any client does.
func (q question) ask(ctx context.Context, url string) (reply, error) {
	body, err := json.Marshal(map[string]string{"query": q.query})
	if err != nil {
		return reply{}, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(graph.TraceHeader, "1")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy: this is ourselves
	start := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	var answer struct {
		Data       json.RawMessage
		Errors     []struct{ Message string }
		Extensions struct{ Trace struct{ Calls []struct{} } }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return reply{}, fmt.Errorf("status %d: %w", response.StatusCode, err)
	}
	if len(answer.Errors) > 0 {
		return reply{}, fmt.Errorf("%s", answer.Errors[0].Message)
	}
	return reply{data: answer.Data, calls: len(answer.Extensions.Trace.Calls), took: time.Since(start)}, nil
}

// Of an answer, that many lines and columns are shown.
const (
	answerLines = 16
	answerWidth = 110
)

// lines is the beginning of the answer's data.
func (r reply) lines(width, most int) []string {
	all := strings.Split(layout(r.data, width), "\n")
	if len(all) > most {
		rest := len(all) - most
		all = append(all[:most], "… "+counted(rest, "more line"))
	}
	return all
}
