package redis_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"thalamus/stores"
	"thalamus/stores/redis"
)

// aWhile is longer than anything here takes, and shorter than what a call would take that waits where it should not.
const aWhile = 20 * time.Second

func TestOpenSaysWhatIsWrong(t *testing.T) {
	s := start(t, "--save", "", "--requirepass", "right")
	s.says("acl", "setuser", "limited", "on", ">right", "~*", "&*", "+@all", "-evalsha", "-eval")
	s.says("acl", "setuser", "elsewhere", "on", ">right", "~other:*", "&*", "+@all")
	nobody := fmt.Sprint("127.0.0.1:", freePort(t))
	for url, want := range map[string]struct {
		kind  error
		words string
	}{
		"redis://" + s.addr():                               {stores.ErrInvalid, "refuses the user or the password"},
		"redis://:wr0ng@" + s.addr():                        {stores.ErrInvalid, "refuses the user or the password"},
		"redis://nobody:wr0ng@" + s.addr():                  {stores.ErrInvalid, "refuses the user or the password"},
		"redis://limited:right@" + s.addr():                 {stores.ErrInvalid, "grant it ~thalamus:* &thalamus:* +@read"},
		"redis://elsewhere:right@" + s.addr():               {stores.ErrInvalid, "~thalamus:*"},
		"redis://:right@" + s.addr() + "/99":                {stores.ErrInvalid, "no database 99"},
		"redis+cluster://:right@" + s.addr():                {stores.ErrInvalid, "not part of a cluster"},
		"redis+cluster://:wr0ng@" + s.addr():                {stores.ErrInvalid, "refuses the user or the password"},
		"redis+sentinel://:right@" + s.addr() + "/mymaster": {stores.ErrInvalid, "sentinel_auth"},
		"redis://:wr0ng@" + nobody:                          {stores.ErrUnavailable, nobody + " cannot be used"},
		"redis+cluster://:wr0ng@" + nobody:                  {stores.ErrUnavailable, nobody + " cannot be used"},
		"redis+sentinel://:wr0ng@" + nobody + "/mymaster":   {stores.ErrUnavailable, nobody + " cannot be used"},
	} {
		db, err := redis.Open(t.Context(), url)
		if err == nil {
			_ = db.Close()
		}
		text := fmt.Sprint(err)
		if !errors.Is(err, want.kind) || !strings.Contains(text, want.words) {
			t.Errorf("%s: %v, want %v with %q", url, err, want.kind, want.words)
		}
		if strings.Contains(text, "wr0ng") {
			t.Errorf("the message shows the password: %v", err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := redis.Open(cancelled, "redis://:right@"+s.addr()); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}

// TestSilentServer stops a server without closing its connections, as a network that loses everything does.
func TestSilentServer(t *testing.T) {
	s := start(t, "--save", "")
	db := open(t, "redis://"+s.addr()+"?timeout=30s&pool=8")
	brief := open(t, "redis://"+s.addr()+"?timeout=300ms&pool=1&pool_timeout=50ms")
	s.signal(syscall.SIGSTOP)
	defer s.signal(syscall.SIGCONT)
	get := func(ctx context.Context, db *redis.DB) error {
		_, err := db.Cache().Get(ctx, scope, []string{"k"})
		return err
	}
	began := time.Now()

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	for what, err := range map[string]error{"Get": get(ctx, db), "Ping": db.Ping(ctx), "Publish": db.Bus().Publish(ctx, "news", nil)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled %s: %v", what, err)
		}
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := get(ctx, db); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("at its deadline: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := db.Bus().Subscribe(ctx, []string{"news"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("subscribing until its deadline: %v", err)
	}

	// The server's own slowness is no end of the caller's context.
	errs := make(chan error, 2)
	for range 2 {
		go func() { errs <- get(context.Background(), brief) }()
	}
	busy := 0
	for range 2 {
		err := <-errs
		if !errors.Is(err, stores.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a server that does not answer: %v", err)
		}
		if strings.Contains(err.Error(), "pool is busy") {
			busy++
		}
	}
	if busy != 1 || brief.Pool().Refused != 1 {
		t.Errorf("%d calls of 2 waited in vain for the one connection; pool = %+v", busy, brief.Pool())
	}
	if took := time.Since(began); took > aWhile {
		t.Errorf("it took %s", took)
	}
}

// TestAbandonedLock: a lock whose taker went away before the answer came is given back.
func TestAbandonedLock(t *testing.T) {
	s := start(t, "--save", "")
	db := open(t, "redis://"+s.addr())
	ctx, cancel := context.WithCancel(t.Context())
	s.signal(syscall.SIGSTOP)
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := db.Locks().Acquire(ctx, "door", time.Hour, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.signal(syscall.SIGCONT)
	if _, err := db.Locks().Acquire(t.Context(), "door", time.Hour, aWhile); err != nil {
		t.Errorf("the abandoned lock is still held: %v", err)
	}
}

// TestServerComesBack loses a server with all its data.
func TestServerComesBack(t *testing.T) {
	s := start(t, "--save", "")
	db := open(t, "redis://"+s.addr()+"?timeout=2s")
	cache, ctx := db.Cache(), t.Context()
	set(t, cache, values{"k": []byte("v")})
	before, err := db.Locks().Acquire(ctx, "door", time.Hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := db.Bus().Subscribe(ctx, []string{"news", "more"})
	if err != nil {
		t.Fatal(err)
	}
	s.kill()
	_, getErr := cache.Get(ctx, scope, []string{"k"})
	_, lockErr := db.Locks().Acquire(ctx, "door", time.Hour, aWhile)
	_, renewErr := db.Locks().Renew(ctx, before, time.Hour)
	_, subscribeErr := db.Bus().Subscribe(ctx, []string{"news"})
	for what, err := range map[string]error{
		"Ping": db.Ping(ctx), "Get": getErr, "Acquire": lockErr, "Renew": renewErr, "Subscribe": subscribeErr,
		"Publish": db.Bus().Publish(ctx, "news", nil), "Set": cache.Set(ctx, scope, values{"k": nil}, time.Hour),
	} {
		if !errors.Is(err, stores.ErrUnavailable) || errors.Is(err, stores.ErrConflict) {
			t.Errorf("%s of a server that is down: %v", what, err)
		}
	}

	s.run()
	s.eventually("the cache answers again", func() bool {
		_, err := cache.Get(ctx, scope, []string{"k"})
		return err == nil
	})
	if m := <-messages; !m.Missed {
		t.Errorf("message = %+v, want a notice", m)
	}
	if err := db.Bus().Publish(ctx, "more", []byte("again")); err != nil {
		t.Fatal(err)
	}
	if m := <-messages; m.Topic != "more" || string(m.Payload) != "again" {
		t.Errorf("message = %+v", m)
	}
	if _, err := db.Locks().Renew(ctx, before, time.Hour); !errors.Is(err, stores.ErrConflict) {
		t.Errorf("renewing a lock that the server forgot: %v", err)
	}
	after, err := db.Locks().Acquire(ctx, "door", time.Hour, 0)
	if err != nil || after.Fence <= before.Fence {
		t.Errorf("fence %d follows %d although the server forgot it; %v", after.Fence, before.Fence, err)
	}
}

// TestVanishedConnection keeps a subscription's connection open but silent.
func TestVanishedConnection(t *testing.T) {
	s, other := start(t, "--save", ""), start(t, "--save", "")
	p := startProxy(t, s.addr())
	db := open(t, "redis://"+p.addr()+"?timeout=200ms")
	messages, err := db.Bus().Subscribe(t.Context(), []string{"news"})
	if err != nil {
		t.Fatal(err)
	}
	there := other.addr()
	p.target.Store(&there)
	s.signal(syscall.SIGSTOP)
	defer s.signal(syscall.SIGCONT)
	if m := <-messages; !m.Missed {
		t.Errorf("message = %+v, want a notice", m)
	}
	if got := other.says("pubsub", "numsub", "thalamus:bus:0:news"); !strings.Contains(got, "news 1") {
		t.Errorf("subscribers of the other server: %s", got)
	}
}

// TestNothingIsDoneTwice loses the answers of writes that must not be repeated.
func TestNothingIsDoneTwice(t *testing.T) {
	s := start(t, "--save", "")
	p := startProxy(t, s.addr())
	t.Run("Server", func(t *testing.T) { testNothingIsDoneTwice(t, s, p, "redis://"+p.addr()) })

	node := start(t, "--save", "", "--cluster-enabled", "yes")
	front := startProxy(t, node.addr())
	node.says("config", "set", "cluster-announce-port", front.port())
	node.says("cluster", "addslotsrange", 0, 16383)
	node.eventually("the cluster is whole", func() bool {
		return strings.Contains(node.says("cluster", "info"), "cluster_state:ok") &&
			strings.Contains(node.says("cluster", "slots"), fmt.Sprint(front.port()))
	})
	t.Run("Cluster", func(t *testing.T) { testNothingIsDoneTwice(t, node, front, "redis+cluster://"+front.addr()) })
}

func testNothingIsDoneTwice(t *testing.T, s *server, p *proxy, url string) {
	db := open(t, url)
	cache, ctx := db.Cache(), t.Context()
	by := map[string]int64{"a": 1, "b": 10}
	if _, err := cache.Increment(ctx, scope, by, time.Hour); err != nil { // the server learns the script
		t.Fatal(err)
	}
	for command, call := range map[string]func() error{
		"evalsha": func() error { _, err := cache.Increment(ctx, scope, by, time.Hour); return err },
		"set": func() error {
			_, err := cache.SetIf(ctx, scope, stores.IfAbsent, values{"once": nil}, time.Hour)
			return err
		},
		"publish": func() error { return db.Bus().Publish(ctx, "news", nil) },
	} {
		s.eventually("there is a connection", func() bool { return db.Ping(ctx) == nil })
		s.says("config", "resetstat")
		p.deaf.Store(true)
		err := call()
		p.deaf.Store(false)
		if !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("%s whose answer is lost: %v", command, err)
		}
		want := "cmdstat_" + command + ":calls=1,"
		if command == "evalsha" {
			want = "cmdstat_" + command + ":calls=2," // one for each counter
		}
		if stats := s.says("info", "commandstats"); !strings.Contains(stats, want) {
			t.Errorf("statistics of commands, want %s:\n%s", want, stats)
		}
	}
	sums, err := cache.Increment(ctx, scope, map[string]int64{"a": 0, "b": 0}, time.Hour)
	if err != nil || sums["a"] != 2 || sums["b"] != 20 {
		t.Errorf("sums = %v, %v", sums, err)
	}
}

func TestFullMemory(t *testing.T) {
	s := start(t, "--save", "")
	db := open(t, "redis://"+s.addr())
	set(t, db.Cache(), values{"k": []byte("v")})
	s.says("config", "set", "maxmemory", "1")
	_, incrementErr := db.Cache().Increment(t.Context(), scope, map[string]int64{"n": 1}, time.Hour)
	_, lockErr := db.Locks().Acquire(t.Context(), "door", time.Hour, 0)
	for what, err := range map[string]error{
		"Set": db.Cache().Set(t.Context(), scope, values{"k": nil}, time.Hour), "Increment": incrementErr, "Acquire": lockErr,
	} {
		if !errors.Is(err, stores.ErrUnavailable) || !strings.Contains(err.Error(), "memory is full") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got, err := db.Cache().Get(t.Context(), scope, []string{"k"}); err != nil || string(got["k"]) != "v" {
		t.Errorf("reading: %q, %v", got["k"], err)
	}
}

// TestForeignValues: another program wrote something else where a counter should be.
func TestForeignValues(t *testing.T) {
	s := start(t, "--save", "")
	db := open(t, "redis://"+s.addr())
	s.says("rpush", "thalamus:cache:"+scope.Key()+"/list", "x")
	if _, err := db.Cache().Increment(t.Context(), scope, map[string]int64{"list": 1}, time.Hour); !errors.Is(err, stores.ErrConflict) {
		t.Errorf("adding to a list: %v", err)
	}
	s.says("set", "thalamus:cache:"+scope.Key()+"/ever", "x")
	if left, err := db.Cache().TTL(t.Context(), scope, []string{"ever"}); err != nil || left["ever"] < 100*365*24*time.Hour {
		t.Errorf("time left of what never expires: %v, %v", left, err)
	}
}
