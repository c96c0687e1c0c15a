package redis_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/redis/go-redis/v9"
)

// server is a redis-server of one test, with the data and the port to itself.
type server struct {
	t    testing.TB
	dir  string
	port int
	args []string
	auth string // password of the default user
	tls  bool   // the port speaks TLS
	cmd  *exec.Cmd
}

// start runs a server and waits until it answers. Further arguments are options of redis-server.
func start(t testing.TB, args ...string) *server {
	t.Helper()
	return startAt(t, freePort(t), args...)
}

func startAt(t testing.TB, port int, args ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), port: port, args: args}
	for i, arg := range args {
		if arg == "--requirepass" {
			s.auth = args[i+1]
		}
		s.tls = s.tls || arg == "--tls-port"
	}
	s.run()
	t.Cleanup(s.kill)
	return s
}

func (s *server) run() {
	s.t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("CI") != "" {
		s.t.Fatal("redis-server is not installed")
	} else if err != nil {
		s.t.Skip("redis-server is not installed")
	}
	options := s.args
	args := []string{}
	if len(options) > 0 && !strings.HasPrefix(options[0], "--") { // a file of the configuration comes first
		args, options = options[:1:1], options[1:]
	}
	args = append(args, "--bind", "127.0.0.1", "--dir", s.dir, "--logfile", filepath.Join(s.dir, "log"))
	if !s.tls {
		args = append(args, "--port", fmt.Sprint(s.port))
	}
	args = append(args, options...)
	s.cmd = exec.Command(path, args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.eventually("accepts connections", func() bool {
		c, err := net.Dial("tcp", s.addr())
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
}

func (s *server) addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// kill ends the server as a crash does: nothing is saved.
func (s *server) kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		s.cmd = nil
	}
}

func (s *server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// says sends a command and gives the answer.
func (s *server) says(args ...any) string {
	s.t.Helper()
	answer, err := s.ask(args...)
	if err != nil {
		s.t.Fatalf("%v: %v", args, err)
	}
	return answer
}

func (s *server) ask(args ...any) (string, error) {
	c := driver.NewClient(&driver.Options{Addr: s.addr(), Password: s.auth, Protocol: 2, DisableIdentity: true, MaxRetries: -1})
	defer func() { _ = c.Close() }()
	answer, err := c.Do(context.Background(), args...).Result()
	return fmt.Sprint(answer), err
}

func (s *server) eventually(what string, holds func() bool) {
	s.t.Helper()
	eventually(s.t, what, holds, func() string {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return string(log)
	})
}

// eventually waits for something to become true.
func eventually(t testing.TB, what string, holds func() bool, explain func() string) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s\n%s", what, explain())
		}
	}
}

var ports struct {
	sync.Mutex
	given map[int]bool
}

// freePort leaves room for the port of a cluster's bus, which is higher by 10000.
func freePort(t testing.TB) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	if ports.given == nil {
		ports.given = map[int]bool{}
	}
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
		if port < 55_000 && !ports.given[port] && !ports.given[port-10_000] {
			ports.given[port], ports.given[port+10_000] = true, true
			return port
		}
	}
}
