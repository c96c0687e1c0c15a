package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// asProgram has the test binary behave as the program itself.
const asProgram = "THALAMUS_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what must come.
const patience = time.Minute

// home is an environment in which nothing is configured.
func home(t *testing.T) []string {
	t.Helper()
	return []string{"HOME=" + t.TempDir()}
}

// command runs a command to its end.
func command(t *testing.T, environ []string, stdin string, args ...string) (out, errOut string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var o, e bytes.Buffer
	err = run(ctx, args, environ, strings.NewReader(stdin), &o, &e)
	return o.String(), e.String(), err
}

// running is a gateway in this process.
type running struct {
	URL    string
	t      *testing.T
	output *recorder
	log    *recorder
	stop   context.CancelFunc
	ended  chan error
}

// serving starts serve or demo on a free port and waits for its first line.
func serving(t *testing.T, environ []string, args ...string) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &running{t: t, output: newRecorder(), log: newRecorder(), stop: cancel, ended: make(chan error, 1)}
	go func() {
		s.ended <- run(ctx, append(args, "--listen", "127.0.0.1:0"), environ, strings.NewReader(""), s.output, s.log)
		_ = s.output.Close()
	}()
	t.Cleanup(func() { cancel() })
	s.URL = firstLine(t, s.output.lines, s.log)
	return s
}

func firstLine(t *testing.T, out <-chan string, log fmt.Stringer) string {
	t.Helper()
	select {
	case line, open := <-out:
		url, ok := strings.CutPrefix(line, "listening on ")
		if !ok || !strings.HasPrefix(url, "http://127.0.0.1:") || !open {
			t.Fatalf("first line %q, want listening on http://127.0.0.1:PORT; log:\n%s", line, log)
		}
		return url
	case <-time.After(patience):
		t.Fatalf("no first line; log:\n%s", log)
	}
	return ""
}

// end stops the gateway and waits for its end.
func (s *running) end() error {
	s.t.Helper()
	s.stop()
	select {
	case err := <-s.ended:
		return err
	case <-time.After(patience):
		s.t.Fatalf("the gateway does not end; log:\n%s", s.log)
	}
	return nil
}

// recorder keeps what is written to it and hands out its lines.
type recorder struct {
	io.WriteCloser
	lines chan string
	mu    sync.Mutex
	text  bytes.Buffer
}

func newRecorder() *recorder {
	in, out := io.Pipe()
	r := &recorder{WriteCloser: out, lines: make(chan string, 10_000)}
	go func() {
		defer close(r.lines)
		for lines := bufio.NewScanner(in); lines.Scan(); {
			r.lines <- lines.Text()
		}
	}()
	return r
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	r.text.Write(p)
	r.mu.Unlock()
	return r.WriteCloser.Write(p)
}

func (r *recorder) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

// await waits for a line that contains a text.
func (r *recorder) await(t *testing.T, text string) string {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, open := <-r.lines:
			if strings.Contains(line, text) {
				return line
			}
			if !open {
				t.Fatalf("no line with %q in:\n%s", text, r)
			}
		case <-late:
			t.Fatalf("no line with %q in:\n%s", text, r)
		}
	}
}

// process starts the program as a process of its own.
func process(t *testing.T, environ []string, args ...string) (url string, cmd *exec.Cmd, log *recorder) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := newRecorder()
	cmd, log = exec.Command(program, args...), newRecorder()
	cmd.Env, cmd.Stdout, cmd.Stderr = append(environ, asProgram+"=1"), out, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return firstLine(t, out.lines, log), cmd, log
}

// answered is a GraphQL response.
type answered struct {
	Data   map[string]any
	Errors []struct {
		Message    string
		Extensions map[string]any
	}
	Extensions struct {
		Trace struct{ Calls []map[string]any }
	}
	header http.Header
	status int
}

// query asks a gateway. Headers are names and values in turn.
func query(t *testing.T, url, text string, variables map[string]any, headers ...string) answered {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": text, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	a := answered{header: response.Header, status: response.StatusCode}
	if err := json.NewDecoder(response.Body).Decode(&a); err != nil {
		t.Fatalf("status %d: %v", response.StatusCode, err)
	}
	return a
}

// get reads a page.
func get(t *testing.T, url string) (status int, body string, header http.Header) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), response.Header
}

// write makes a file in a directory of its own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wants checks that texts are in another.
func wants(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%s lacks %q:\n%s", what, part, text)
		}
	}
}
