package servers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
)

// role is what a server is for in the tests, and the environment variable that names it to them.
type role struct {
	name, variable string
	product        Product
	promised       bool // its lack is a failure
}

var roles = []role{
	{"graph", "THALAMUS_TEST_GRAPH", Neo4j, true},
	{"vectors", "THALAMUS_TEST_VECTORS", Qdrant, true},
	{"records", "THALAMUS_TEST_RECORDS", MariaDB, true},
	{"records", "THALAMUS_TEST_MYSQL", MySQL, false},
	{"cache", "THALAMUS_TEST_CACHE", Redis, true},
}

// Provided is the server for a role, or why there is none.
type Provided struct {
	Role     string  // what it is for: "graph"
	Variable string  // that names it to the tests
	Product  Product // that was asked for
	Promised bool    // its lack is a failure

	Name    string // what the server says it is
	Version string
	Source  string // where it came from
	URL     string // as the configuration spells it, with the password

	Err error // why there is none
}

// Services are the servers for a run of the tests.
type Services struct {
	Provided []Provided

	mu      sync.Mutex
	closers []func() error
}

// Provide provides the servers of some products, or of all when none is named: what the environment names, else from Docker,
// else from the machine's packages. They are started side by side. The error says which promised servers are missing, and
// why; Close stops what was started all the same.
func Provide(ctx context.Context, products ...Product) (*Services, error) {
	s := &Services{}
	for _, r := range roles {
		if len(products) == 0 || contains(products, r.product) {
			s.Provided = append(s.Provided, Provided{Role: r.name, Variable: r.variable, Product: r.product, Promised: r.promised})
		}
	}
	compose := newCompose(ctx)
	if compose != nil {
		s.closers = append(s.closers, compose.close)
	}
	var all sync.WaitGroup
	for i := range s.Provided {
		all.Go(func() { s.provide(ctx, compose, &s.Provided[i]) })
	}
	all.Wait()
	return s, s.missing()
}

func contains(products []Product, p Product) bool {
	for _, q := range products {
		if p == q {
			return true
		}
	}
	return false
}

// provide provides one server, by the first way that works.
func (s *Services) provide(ctx context.Context, compose *compose, p *Provided) {
	if url := os.Getenv(p.Variable); url != "" {
		found, err := Examine(ctx, url)
		if err != nil {
			p.Err = fmt.Errorf("the server that %s names does not answer: %w", p.Variable, err)
			return
		}
		p.Name, p.Version, p.Source, p.URL = found.Name, found.Version, "$"+p.Variable, url
		return
	}
	refused := compose.provide(ctx, p)
	if refused == nil {
		return
	}
	started, err := launch(ctx, p.Product, false)
	if err != nil {
		if !errors.Is(refused, errNoDocker) {
			err = errors.Join(err, refused)
		}
		p.Err = err
		return
	}
	s.mu.Lock()
	s.closers = append(s.closers, started.Close)
	s.mu.Unlock()
	p.Name, p.Version, p.Source, p.URL = started.Name, started.Version, started.Source, started.URL
}

// missing is the error about promised servers.
func (s *Services) missing() error {
	var missing []error
	for _, p := range s.Provided {
		if p.Err != nil && p.Promised {
			missing = append(missing, p.Err)
		}
	}
	return errors.Join(missing...)
}

// Environment are the variables that name the servers to the tests, as "NAME=URL".
func (s *Services) Environment() []string {
	var variables []string
	for _, p := range s.Provided {
		if p.Err == nil {
			variables = append(variables, p.Variable+"="+p.URL)
		}
	}
	return variables
}

// Print writes a line for each server.
func (s *Services) Print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range s.Provided {
		if p.Err != nil {
			first, _, _ := strings.Cut(p.Err.Error(), "\n")
			fmt.Fprintf(t, "  %s\t%s\t-\t-\t%s\n", p.Role, p.Product, first)
			continue
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\n", p.Role, p.Name, cmp.Or(p.Version, "?"), p.Source, p.URL)
	}
	_ = t.Flush() // like the lines before: nobody is left to tell
}

// Close stops what Provide has started.
func (s *Services) Close() error {
	var failed []error
	for _, stop := range s.closers {
		failed = append(failed, stop())
	}
	s.closers = nil
	return errors.Join(failed...)
}
