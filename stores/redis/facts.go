package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	driver "github.com/redis/go-redis/v9"

	"thalamus/stores"
)

// minVersion is the oldest server that has all that is used here.
const minVersion = "6.2"

// greeting is what a server says of itself.
type greeting struct{ product, version, mode, role string }

// greet asks a server who it is. Every user may.
func greet(ctx context.Context, server *driver.Client) (greeting, error) {
	hello := command(ctx, "hello")
	if err := server.Process(ctx, hello); err != nil {
		return greeting{}, err
	}
	said := map[string]string{}
	list, _ := hello.Val().([]any)
	for i := 0; i+1 < len(list); i += 2 {
		said[fmt.Sprint(list[i])] = fmt.Sprint(list[i+1])
	}
	return greeting{said["server"], said["version"], said["mode"], said["role"]}, nil
}

// verify sees that the servers are what the URL says, are recent enough, and let the user do what the gateway needs.
func (d *DB) verify(ctx context.Context) error {
	err := do(ctx, d, func(ctx context.Context) error {
		return d.eachServer(ctx, func(ctx context.Context, server *driver.Client) error {
			g, err := greet(ctx, server)
			if err != nil {
				return err
			}
			return d.accept(g)
		})
	})
	if err != nil {
		return d.refusedToOpen(ctx, err)
	}
	probe := stores.Scope{User: "thalamus", Device: "open", Agent: stores.Default}
	if _, err := d.Cache().Increment(ctx, probe, map[string]int64{"probe": 1}, time.Second); err != nil {
		return d.refusedToOpen(ctx, err)
	}
	return nil
}

// accept refuses servers that cannot do what is needed.
func (c config) accept(g greeting) error {
	switch {
	case older(g.version, minVersion):
		return stores.Invalid("", "the server is %s %s; version %s or later is needed", g.product, g.version, minVersion)
	case g.mode == "sentinel":
		return stores.Invalid("", "the URL names a sentinel; write redis+sentinel:// and the name of the master")
	case g.mode == "cluster" && c.form != cluster:
		return stores.Invalid("", "the URL names a server of a cluster; write redis+cluster://")
	case g.role != "master" && g.role != "":
		return stores.Invalid("", "the URL names a %s, which accepts no writes; name its master", g.role)
	}
	return nil
}

// older compares the first two numbers of versions; what is no number is not older.
func older(version, than string) bool {
	have, want := strings.Split(version, "."), strings.Split(than, ".")
	for i := range min(len(have), len(want)) {
		h, err := strconv.Atoi(have[i])
		w, _ := strconv.Atoi(want[i]) // a constant
		if err != nil || h != w {
			return err == nil && h < w
		}
	}
	return false
}

// Facts asks a server, of a cluster any.
func (d *DB) Facts(ctx context.Context) (stores.Facts, error) {
	type answers struct {
		greeting
		clock   time.Time
		policy  string
		servers int
	}
	said, err := exchange(ctx, d, func(ctx context.Context) (a answers, err error) {
		var mu sync.Mutex
		err = d.eachServer(ctx, func(ctx context.Context, server *driver.Client) error {
			g, err := greet(ctx, server)
			if err != nil {
				return err
			}
			clock, err := server.Time(ctx).Result()
			if err != nil {
				return err
			}
			memory, _ := server.Info(ctx, "memory").Result() // not every user may ask; the policy stays unknown then
			mu.Lock()
			defer mu.Unlock()
			a = answers{g, clock.UTC(), field(memory, "maxmemory_policy"), a.servers + 1}
			return nil
		})
		return a, err
	})
	if err != nil {
		return stores.Facts{}, err
	}
	schema := []string{"keys " + d.prefix + "*"}
	switch d.form {
	case sentinel:
		schema = append(schema, "master "+d.master)
	case cluster:
		schema = append(schema, fmt.Sprintf("cluster of %d masters", said.servers))
	}
	if said.policy != "" {
		schema = append(schema, "eviction "+said.policy)
	}
	return stores.Facts{
		Product: title(said.product), Version: said.version, Schema: strings.Join(schema, ", "), Clock: said.clock, Pool: d.Pool(),
	}, nil
}

// Pool counts conversations, each of which uses one connection, and the connections that are open; those of
// subscriptions are not among them.
func (d *DB) Pool() stores.Pool {
	t := d.turns
	return stores.Pool{
		Open: int(d.client.PoolStats().TotalConns), InUse: len(t.busy), Limit: cap(t.busy),
		Taken: t.taken.Load(), Waits: t.waits.Load(), Waited: time.Duration(t.waited.Load()), Refused: t.refused.Load(),
	}
}

// field reads one line of what INFO answers.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
