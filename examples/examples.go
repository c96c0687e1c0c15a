// Package examples holds a sample memory, questions to it, and example operations for every task of the schema.
//
// The memory is ten weeks of one assistant in a small payments team: a ledger migration, an outage, a hiring round, a
// conference talk, a currency study and an office move. All of it is invented. Most of it belongs to the default scope.
package examples

import (
	"bufio"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"thalamus/stores"
)

//go:embed memory.jsonl questions.jsonl mcp-memory.jsonl queries/*.graphql
var files embed.FS

// Memory is the sample memory in the export format thalamus-memory 1: a header line, then one noun a line, in the order in
// which they can be written.
func Memory() io.Reader { return open("memory.jsonl") }

// MCPMemory is a small memory in the format of the Model Context Protocol's memory server: entity and relation lines.
func MCPMemory() io.Reader { return open("mcp-memory.jsonl") }

func open(name string) io.Reader {
	f, err := files.Open(name)
	if err != nil {
		panic("examples: " + err.Error()) // the file is embedded, so the build is broken
	}
	return f
}

// Question is a question to the sample memory, asked in the default scope.
type Question struct {
	Text string `json:"question"`
	// Expect names the right answers: a recall has done well when one of them is near the top.
	Expect []stores.Ref `json:"expect"`
}

// Questions reads the questions.
func Questions() ([]Question, error) {
	var out []Question
	lines := bufio.NewScanner(open("questions.jsonl"))
	for lines.Scan() {
		var q Question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return nil, fmt.Errorf("examples: question %d: %w", len(out)+1, err)
		}
		out = append(out, q)
	}
	return out, lines.Err()
}

// Query is an example operation that answers something on the sample memory.
type Query struct {
	Name        string         // of the operation and so of the file: "01-reference"
	Title       string         // a few words
	Group       string         // the task it belongs to
	Description string         // a sentence
	Query       string         // the document without its header
	Variables   map[string]any // nil when it has none
}

// Queries reads the example operations, in their order.
func Queries() ([]Query, error) {
	names, err := fs.Glob(files, "queries/*.graphql")
	if err != nil {
		return nil, err
	}
	out := make([]Query, len(names))
	for i, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if out[i], err = parse(strings.TrimSuffix(path.Base(name), ".graphql"), string(text)); err != nil {
			return nil, fmt.Errorf("examples: %s: %w", name, err)
		}
	}
	return out, nil
}

// parse splits a file into the comments "# key: value" that it starts with and the document after them.
func parse(name, text string) (Query, error) {
	q := Query{Name: name}
	for strings.HasPrefix(text, "#") {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		key, value, found := strings.Cut(strings.TrimPrefix(line, "#"), ":")
		value = strings.TrimSpace(value)
		switch key = strings.TrimSpace(key); {
		case !found:
			return q, fmt.Errorf("%q is not a header line like \"# title: …\"", line)
		case key == "title":
			q.Title = value
		case key == "group":
			q.Group = value
		case key == "description":
			q.Description = value
		case key == "variables":
			if err := json.Unmarshal([]byte(value), &q.Variables); err != nil {
				return q, fmt.Errorf("variables: %w", err)
			}
		default:
			return q, fmt.Errorf("unknown header %q", key)
		}
	}
	q.Query = strings.TrimSpace(text) + "\n"
	if q.Title == "" || q.Group == "" || q.Description == "" {
		return q, fmt.Errorf("title, group and description must be given")
	}
	return q, nil
}
