package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"thalamus/stores"
	"thalamus/stores/redis"
)

// startCluster runs masters that share all slots.
func startCluster(t testing.TB, masters int) []*server {
	t.Helper()
	const slots = 16384
	servers := make([]*server, masters)
	for i := range servers {
		servers[i] = start(t, "--save", "", "--cluster-enabled", "yes", "--cluster-node-timeout", "5000")
		servers[i].says("cluster", "addslotsrange", slots*i/masters, slots*(i+1)/masters-1)
		if i > 0 {
			servers[i].says("cluster", "meet", "127.0.0.1", servers[0].port)
		}
	}
	for _, s := range servers {
		s.eventually("the cluster is whole", func() bool {
			info := s.says("cluster", "info")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprint("cluster_known_nodes:", masters))
		})
	}
	return servers
}

// TestRights has a user do everything who has the rights that messages and the documentation name, and no others.
func TestRights(t *testing.T) {
	s := start(t, "--save", "")
	s.says("acl", "setuser", "gateway", "on", ">secret", "~thalamus:*", "&thalamus:*", "+@read", "+@write", "+@connection", "+@pubsub",
		"+@scripting", "+time")
	conform(t, "redis://gateway:secret@"+s.addr())
	facts, err := open(t, "redis://gateway:secret@"+s.addr()).Facts(t.Context())
	if err != nil || strings.Contains(facts.Schema, "eviction") {
		t.Errorf("facts of a user who may not ask for the policy = %+v, %v", facts, err)
	}
}

func TestCluster(t *testing.T) {
	servers := startCluster(t, 3)
	url := "redis+cluster://" + servers[1].addr() + "," + servers[0].addr()
	t.Run("Contract", func(t *testing.T) { conform(t, url) })

	t.Run("Spread", func(t *testing.T) {
		db := open(t, url)
		values := map[string][]byte{}
		for i := range 300 {
			values[fmt.Sprint("spread ", i)] = []byte("x")
		}
		if err := db.Cache().Set(t.Context(), stores.NewScope("spread", "", ""), values, time.Hour); err != nil {
			t.Fatal(err)
		}
		for _, s := range servers {
			if s.says("dbsize") == "0" {
				t.Errorf("%s holds no key", s.addr())
			}
		}
	})

	t.Run("ScriptsForgotten", func(t *testing.T) {
		db := open(t, url)
		for _, s := range servers {
			s.says("script", "flush")
		}
		by := map[string]int64{}
		for i := range 100 {
			by[fmt.Sprint(i)] = 1
		}
		sums, err := db.Cache().Increment(t.Context(), stores.NewScope("forgotten", "", ""), by, time.Hour)
		if err != nil || len(sums) != len(by) {
			t.Fatalf("%d sums, %v", len(sums), err)
		}
		for key, sum := range sums {
			if sum != 1 {
				t.Errorf("%s was counted %d times", key, sum)
			}
		}
	})

	t.Run("Facts", func(t *testing.T) {
		facts, err := open(t, url).Facts(t.Context())
		if err != nil || !strings.Contains(facts.Schema, "cluster of 3 masters") {
			t.Errorf("facts = %+v, %v", facts, err)
		}
	})

	t.Run("SlotMoves", func(t *testing.T) {
		for _, s := range servers {
			s.says("flushall")
		}
		db := open(t, url)
		s := stores.NewScope("moves", "", "")
		if err := db.Cache().Set(t.Context(), s, map[string][]byte{"k": []byte("v")}, time.Hour); err != nil {
			t.Fatal(err)
		}
		moveKey(t, servers, "thalamus:cache:"+s.Key()+"/k")
		for _, want := range []int64{1, 2} {
			sums, err := db.Cache().Increment(t.Context(), s, map[string]int64{"n": 1}, time.Hour)
			if err != nil || sums["n"] != want {
				t.Errorf("sums = %v, %v", sums, err)
			}
			got, err := db.Cache().Get(t.Context(), s, []string{"k"})
			if err != nil || string(got["k"]) != "v" {
				t.Errorf("after its slot moved: %q, %v", got["k"], err)
			}
		}
	})
	refusedToOpen(t, "redis://"+servers[0].addr(), "redis+cluster://")
}

// moveKey moves the slot of a key to another server, with all keys in it. These must have no blanks.
func moveKey(t *testing.T, servers []*server, key string) {
	t.Helper()
	slot := servers[0].says("cluster", "keyslot", key)
	var from, to *server
	for _, s := range servers {
		if n, err := s.ask("exists", key); err == nil && n == "1" {
			from = s
		} else {
			to = s
		}
	}
	fromID, toID := from.says("cluster", "myid"), to.says("cluster", "myid")
	to.says("cluster", "setslot", slot, "importing", fromID)
	from.says("cluster", "setslot", slot, "migrating", toID)
	for _, key := range strings.Fields(strings.Trim(from.says("cluster", "getkeysinslot", slot, 10_000), "[]")) {
		from.says("migrate", "127.0.0.1", to.port, key, 0, 5000)
	}
	for _, s := range servers {
		s.says("cluster", "setslot", slot, "node", toID)
	}
}

// startSentinel runs a master, a replica and a sentinel that watches them, all behind the same password.
func startSentinel(t testing.TB, password string) (master, replica, watcher *server) {
	t.Helper()
	auth := []string{"--save", "", "--requirepass", password, "--masterauth", password}
	master = start(t, auth...)
	replica = start(t, append(auth, "--replicaof", "127.0.0.1 "+fmt.Sprint(master.port))...)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	lines := fmt.Sprintf("sentinel monitor mymaster 127.0.0.1 %d 1\nsentinel auth-pass mymaster %s\n"+
		"sentinel down-after-milliseconds mymaster 1000\nsentinel failover-timeout mymaster 3000\n", master.port, password)
	if err := os.WriteFile(config, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	watcher = start(t, config, "--sentinel", "--requirepass", password)
	watcher.eventually("the sentinel knows the replica", func() bool {
		return strings.Contains(watcher.says("sentinel", "replicas", "mymaster"), fmt.Sprint(replica.port))
	})
	replica.eventually("the replica is in step", func() bool {
		return strings.Contains(replica.says("info", "replication"), "master_link_status:up")
	})
	return master, replica, watcher
}

func TestSentinel(t *testing.T) {
	const password = "p@ss/w:rd?#"
	const escaped = "p%40ss%2Fw%3Ard%3F%23"
	master, replica, watcher := startSentinel(t, password)
	url := "redis+sentinel://:" + escaped + "@127.0.0.1:1," + watcher.addr() + "/mymaster/0?sentinel_auth=true&connect_timeout=2s"
	t.Run("Contract", func(t *testing.T) { conform(t, url) })
	refusedToOpen(t, "redis://:"+escaped+"@"+replica.addr(), "names a replica")
	refusedToOpen(t, "redis://:"+escaped+"@"+watcher.addr(), "names a sentinel")
	if _, err := redis.Open(t.Context(), strings.Replace(url, "mymaster", "other", 1)); !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("an unknown master: %v", err)
	}

	// Losing the master costs a few refused calls and a notice, nothing else.
	db := open(t, url)
	locks, ctx := db.Locks(), t.Context()
	before, err := locks.Acquire(ctx, "door", time.Millisecond, 0)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := db.Bus().Subscribe(ctx, []string{"news"})
	if err != nil {
		t.Fatal(err)
	}
	master.kill()
	var after stores.Lock
	replica.eventually("the replica took over", func() bool {
		after, err = locks.Acquire(ctx, "door", time.Hour, time.Second)
		if err != nil && !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("during the failover: %v", err)
		}
		return err == nil
	})
	if after.Fence <= before.Fence {
		t.Errorf("fence %d follows %d", after.Fence, before.Fence)
	}
	if m := <-messages; !m.Missed {
		t.Errorf("message = %+v, want a notice", m)
	}
	if err := db.Bus().Publish(ctx, "news", []byte("new master")); err != nil {
		t.Fatal(err)
	}
	if m := <-messages; string(m.Payload) != "new master" {
		t.Errorf("message = %+v", m)
	}
	if facts, err := db.Facts(ctx); err != nil || !strings.Contains(facts.Schema, "master mymaster") {
		t.Errorf("facts = %+v, %v", facts, err)
	}
}

// refusedToOpen wants a URL to be invalid for what a server is.
func refusedToOpen(t *testing.T, url, word string) {
	t.Helper()
	db, err := redis.Open(t.Context(), url)
	if err == nil {
		_ = db.Close()
	}
	if !errors.Is(err, stores.ErrInvalid) || !strings.Contains(fmt.Sprint(err), word) {
		t.Errorf("%s: %v, want that it is invalid and the word %q", url, err, word)
	}
}

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	port := freePort(t)
	s := startAt(t, port, "--save", "", "--port", "0", "--tls-port", fmt.Sprint(port), "--tls-cert-file", cert, "--tls-key-file", key,
		"--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	conform(t, "rediss://"+s.addr()+"?ca="+cert)

	for _, url := range []string{"rediss://" + s.addr(), "redis://" + s.addr() + "?timeout=1s"} {
		if _, err := redis.Open(t.Context(), url); !errors.Is(err, stores.ErrUnavailable) {
			t.Errorf("%s: %v", url, err)
		}
	}
	refusedToOpen(t, "rediss://"+s.addr()+"?ca="+cert+".none", "cannot be read")
	refusedToOpen(t, "rediss://"+s.addr()+"?ca="+key, "holds no certificate")
}

// certificate writes one that signs itself, for 127.0.0.1.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
