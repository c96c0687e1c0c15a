package open_test

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/open"
)

// local is a configuration that needs no server.
func local(t *testing.T) *config.Config {
	return &config.Config{
		Data: filepath.Join(t.TempDir(), "data"), Graph: "sqlite:", Records: "sqlite:", Vectors: "sqlite:", Cache: "inprocess:", Embedder: "hashing:",
	}
}

// TestMistakesAreToldAtOnce wants every mistake in the configuration, with its role, before anything is opened or waited for.
func TestMistakesAreToldAtOnce(t *testing.T) {
	for what, c := range map[string]struct {
		change func(*config.Config)
		want   []string // one line each
	}{
		"an option, and a server that is not there": {func(c *config.Config) { c.Graph, c.Cache = "neo4j://127.0.0.1:3/neo4j", "redis://h/0?y=1" },
			[]string{`cache: the URL has no option "y"; known are prefix, pool, `}},
		"every role": {func(c *config.Config) {
			c.Graph, c.Records, c.Vectors, c.Cache, c.Embedder = "neo4j://h?namespace=a&namespace=b", "mysql://u:p@h/mysql", "qdrant://h:99999", "memcached://h", "openai+http://h?model=m&x=1"
		}, []string{
			"graph: the URL gives namespace more than once", "records: the URL names the database mysql, ", "vectors: the URL has a port that is no number from 1 to 65535",
			`cache: there is no backend "memcached"; known are inprocess, redis, `, `embedder: the URL has no option "x"; known are model, `,
		}},
		"several in one role": {func(c *config.Config) { c.Records = "mysql://h:0/d" },
			[]string{"records: the URL has a port ", "records: the URL names no user"}},
		"two passwords": {func(c *config.Config) {
			c.Graph, c.GraphPassword = "neo4j://u:hidden@h", "hidden"
			c.Records, c.RecordsPassword = "mysql://u:hidden@h/d", "hidden"
			c.Cache, c.CachePassword = "redis://:hidden@h", "hidden"
			c.Vectors, c.VectorsKey = "qdrant://hidden@h", "hidden"
		}, []string{
			"graph: the URL holds a password, and another ", "records: the URL holds a password, and another ", "vectors: there are two API keys, ",
			"cache: the URL holds a password, and another ",
		}},
		"what is part of this process": {func(c *config.Config) { c.Graph, c.Cache, c.Embedder = "sqlite:x", "inprocess:x", "hashing:x" },
			[]string{"graph: the embedded database lives in the data directory", "cache: inprocess: takes no options", "embedder: hashing: takes no options"}},
		"a file that is not there": {func(c *config.Config) { c.Cache = "rediss://h?ca=/nowhere/ca.pem" },
			[]string{"cache: the URL names /nowhere/ca.pem as ca, which cannot be read"}},
		"a key of two lines": {func(c *config.Config) { c.Embedder, c.EmbedderKey = "openai+http://h?model=m", "a\nb" },
			[]string{"embedder: THALAMUS_EMBEDDER_KEY must not contain line breaks"}},
	} {
		cfg := local(t)
		c.change(cfg)
		start := time.Now()
		_, err := open.Open(t.Context(), cfg, open.Options{Log: slog.New(slog.DiscardHandler), Wait: time.Minute})
		if !errors.Is(err, stores.ErrInvalid) || strings.Contains(err.Error(), "hidden") || time.Since(start) > 5*time.Second {
			t.Errorf("%s: after %s, %v", what, time.Since(start), err)
			continue
		}
		lines := strings.Split(err.Error(), "\n")
		if len(lines) != len(c.want) {
			t.Errorf("%s: %q", what, lines)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(lines[i], want) {
				t.Errorf("%s: %q, want words like %q", what, lines[i], want)
			}
		}
		if _, err := os.Stat(cfg.Data); !os.IsNotExist(err) {
			t.Errorf("%s: something was opened: %v", what, err)
		}
	}
}

// TestNoServerIsToldOnce wants an error that names the role and nothing twice.
func TestNoServerIsToldOnce(t *testing.T) {
	for role, c := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"graph":    {func(c *config.Config) { c.Graph = "neo4j://127.0.0.1:2" }, "graph: the server at neo4j://127.0.0.1:2 cannot be reached: "},
		"records":  {func(c *config.Config) { c.Records = "mysql://u:p@127.0.0.1:2/d" }, "records: no MySQL or MariaDB server answers at 127.0.0.1:2; "},
		"vectors":  {func(c *config.Config) { c.Vectors = "qdrant://127.0.0.1:2" }, "vectors: no Qdrant server answers at 127.0.0.1:2 "},
		"cache":    {func(c *config.Config) { c.Cache = "redis://127.0.0.1:2" }, "cache: the Redis at 127.0.0.1:2 cannot be used; see that it runs and that the URL names it: dial tcp "},
		"embedder": {func(c *config.Config) { c.Embedder = "openai+http://127.0.0.1:2?model=m&retries=0" }, "embedder: the embedding server cannot be reached: "},
	} {
		cfg := local(t)
		c.change(cfg)
		_, err := open.Open(t.Context(), cfg, open.Options{Log: slog.New(slog.DiscardHandler)})
		if !errors.Is(err, stores.ErrUnavailable) || !strings.HasPrefix(err.Error(), c.want) || strings.Contains(err.Error(), "the store is unavailable") {
			t.Errorf("%s: %v, want words like %q", role, err, c.want)
		}
		for _, e := range open.Examine(t.Context(), cfg) {
			if strings.EqualFold(string(e.Role), role) && (e.Err == nil || !strings.HasPrefix(role+": "+e.Err.Error(), c.want)) {
				t.Errorf("a look at %s gave %v, want words like %q", role, e.Err, c.want)
			}
		}
	}
}

// TestSilentServer wants no start to hang on a server that accepts connections and says nothing.
func TestSilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	at := silent.Addr().String()
	var all sync.WaitGroup
	for role, change := range map[string]func(*config.Config){
		"graph":    func(c *config.Config) { c.Graph = config.URL("neo4j://" + at) },
		"records":  func(c *config.Config) { c.Records = config.URL("mysql://u:p@" + at + "/d?connect_timeout=1m") },
		"vectors":  func(c *config.Config) { c.Vectors = config.URL("qdrant://" + at) },
		"cache":    func(c *config.Config) { c.Cache = config.URL("redis://" + at + "?timeout=1m") },
		"embedder": func(c *config.Config) { c.Embedder = config.URL("openai+http://" + at + "?model=m") },
	} {
		cfg := local(t)
		change(cfg)
		all.Go(func() {
			start := time.Now()
			_, err := open.Open(t.Context(), cfg, open.Options{Log: slog.New(slog.DiscardHandler), Wait: time.Second})
			if took := time.Since(start); !errors.Is(err, stores.ErrUnavailable) || took > 8*time.Second {
				t.Errorf("%s: after %s, %v", role, took, err)
			}
		})
	}
	all.Wait()
}
