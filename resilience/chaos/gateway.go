package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// gateway is a program that is started again and again.
type gateway struct {
	binary  string
	environ []string
	seed    uint64

	url     atomic.Pointer[string] // nil while it does not run
	process *exec.Cmd
	over    chan struct{} // closed when the process has ended

	mu     sync.Mutex
	lines  []string // the latest of its log
	counts counts
}

// counts is what the log of a gateway says.
type counts struct {
	starts    int
	startups  []time.Duration // from the start of the process until it is ready
	carried   int             // writes that a dead process left over
	recovered []time.Duration // how long it took to carry on all that was left over
	fenced    int             // writes that were stopped since another gateway had them
}

// gateway is one that is not started yet.
func (r *run) gateway() *gateway {
	environ := append([]string{
		"THALAMUS_LISTEN=127.0.0.1:0", "THALAMUS_LOG_FORMAT=json", "THALAMUS_PLAYGROUND=off", "THALAMUS_GUARD_OPEN=50ms",
		"THALAMUS_SAGA_LEASE=" + r.lease().String(), "THALAMUS_CURSORS_KEY=a key for this trial only",
		"THALAMUS_DEVELOPMENT=on",   // writers choose their scope
		"THALAMUS_LIMITS_STREAMS=0", // of many subscribers few are users
	}, r.Environ...)
	if r.Split {
		environ = append(environ, "CHAOS_SPLIT=1")
	}
	return &gateway{binary: r.Binary, environ: environ, seed: r.Seed}
}

// readyPatience is how long a gateway may take to start.
const readyPatience = 2 * time.Minute

// start starts the process and waits until it is ready. A share of its calls to stores fails.
func (g *gateway) start(ctx context.Context, faults float64) error {
	begun := time.Now()
	g.seed++                             // or each process would meet the same faults
	c := exec.Command(g.binary, "serve") //nolint:noctx // it is killed
	c.Env = append(g.environ, "CHAOS_FAULTS="+strconv.FormatFloat(faults, 'f', -1, 64), "CHAOS_SEED="+strconv.FormatUint(g.seed, 10))
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	log, err := c.StderrPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	over := make(chan struct{})
	g.process, g.over = c, over
	first := make(chan string, 1)
	go g.attend(c, out, log, first, over)
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	select {
	case line := <-first:
		url, ok := strings.CutPrefix(line, "listening on ")
		if !ok {
			g.kill()
			return fmt.Errorf("the gateway did not start: %s", g.tail())
		}
		err = ready(ctx, url)
		g.url.Store(&url)
	case <-ctx.Done():
		err = fmt.Errorf("the gateway did not start: %w", ctx.Err())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.counts.starts++
	g.counts.startups = append(g.counts.startups, time.Since(begun))
	return err
}

// attend reads what the process says, until it has ended.
func (g *gateway) attend(c *exec.Cmd, out, log io.Reader, first chan<- string, over chan<- struct{}) {
	defer close(over)
	var reading sync.WaitGroup
	reading.Go(func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		first <- strings.TrimSpace(line)
		_, _ = io.Copy(io.Discard, out)
	})
	reading.Go(func() {
		lines := bufio.NewScanner(log)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			g.hear(lines.Text())
		}
		_, _ = io.Copy(io.Discard, log)
	})
	reading.Wait()
	_ = c.Wait() // it was killed
}

// keptLines is how much of a log is kept.
const keptLines = 40

// hear counts what a line of the log says.
func (g *gateway) hear(text string) {
	var line struct {
		Msg  string
		Took time.Duration
	}
	_ = json.Unmarshal([]byte(text), &line) // another line counts for nothing
	g.mu.Lock()
	defer g.mu.Unlock()
	switch line.Msg {
	case "operation":
		return
	case "carried on a write":
		g.counts.carried++
	case "carried on what was left over":
		g.counts.recovered = append(g.counts.recovered, line.Took)
	case "stopped working on a write that another gateway has taken over":
		g.counts.fenced++
	}
	if g.lines = append(g.lines, text); len(g.lines) > keptLines {
		g.lines = g.lines[1:]
	}
}

func (g *gateway) tail() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return strings.Join(g.lines, "\n")
}

// ready waits until a gateway says that it and its stores answer.
func ready(ctx context.Context, url string) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		if !rest(ctx, 5*time.Millisecond) {
			return fmt.Errorf("the gateway is not ready: %w", ctx.Err())
		}
	}
}

// kill ends the process as a crash does. Of one that does not run there is nothing to do.
func (g *gateway) kill() { g.end(os.Kill) }

// end ends the process and returns when it is gone.
func (g *gateway) end(with os.Signal) {
	if g.process == nil {
		return
	}
	g.url.Store(nil)
	_ = g.process.Process.Signal(with) // it fails for one that has ended
	<-g.over
	g.process = nil
}
