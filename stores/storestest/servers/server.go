package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Server is a running instance that belongs to the caller alone. It ends with this process at the latest, however that ends.
type Server struct {
	Name    string // of the product, as it calls itself: "MariaDB"
	Version string // as it says itself
	Source  string // where its program came from
	URL     string // as the configuration spells it, with the password

	program program
	port    int
	dir     string
	owned   *lock // on dir; who has it may remove the directory

	mu      sync.Mutex
	process *process // the latest; nil once closed
}

// patience is how long a server may take to answer. Neo4j takes 12 s on two busy cores.
const patience = 5 * time.Minute

// Start starts a new, empty instance, and returns when it answers. What is missing on the machine is installed first.
// The error holds the last lines of the server's log.
func Start(ctx context.Context, product Product) (*Server, error) {
	return launch(ctx, product, true)
}

// launch is Start; see locate for what lasting means.
func launch(ctx context.Context, product Product, lasting bool) (*Server, error) {
	p, err := locate(ctx, product, lasting)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be had: %w", product, err)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	dir, owned, err := newDirectory()
	if err != nil {
		return nil, err
	}
	s := &Server{Name: string(product), Source: p.source, URL: p.url(port), program: p, port: port, dir: dir, owned: owned}
	if p.create != nil {
		err = p.create(ctx, dir, port)
	}
	if err == nil {
		err = s.Restart(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s did not start: %w%s", product, err, s.tail()), s.Close())
	}
	return s, nil
}

// Restart starts the server again, on the same port and with the same data, and returns when it answers. One that still
// runs is killed first.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owned == nil {
		return errors.New("the server is closed")
	}
	s.process.kill()
	command := s.program.command(s.dir, s.port)
	var environment []string
	if s.program.environment != nil {
		environment = s.program.environment(s.dir, s.port)
	}
	started, err := start(command, environment, s.dir, s.log())
	if err != nil {
		return err
	}
	s.process = started
	return s.await(ctx)
}

// await returns when the server answers.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no answer for %s", patience))
	defer cancel()
	for {
		found, err := Examine(ctx, s.URL)
		if err == nil {
			s.Name, s.Version = found.Name, found.Version
			return nil
		}
		select {
		case <-s.process.over:
			return fmt.Errorf("it ended: %w", s.process.err)
		case <-ctx.Done():
			return fmt.Errorf("%w; at last: %w", context.Cause(ctx), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Kill ends the server at once, as a crash would, and returns when it is gone.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process.kill()
}

// Freeze stops the server where it is: connections stay open, the system still accepts new ones, and nothing answers.
func (s *Server) Freeze() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.freeze()
}

// Thaw lets a frozen server go on.
func (s *Server) Thaw() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.thaw()
}

// Close kills the server and removes its data. A second Close does nothing.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owned == nil {
		return nil
	}
	s.process.kill()
	s.process = nil
	err := os.RemoveAll(s.dir)
	s.owned.release()
	s.owned = nil
	return err
}

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

// tail is the end of the server's log, for an error.
func (s *Server) tail() string {
	content, err := os.ReadFile(s.log())
	if err != nil || len(bytes.TrimSpace(content)) == 0 {
		return ""
	}
	return "\n" + lastLines(content)
}

// lastLines are the last lines of an output, indented.
func lastLines(output []byte) string {
	const most = 20
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	lines = lines[max(0, len(lines)-most):]
	return "    " + strings.Join(lines, "\n    ")
}
