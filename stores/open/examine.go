package open

import (
	"context"
	"sync"
	"time"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/hashing"
)

// Examined is what came of a look at the backend of a role.
type Examined struct {
	Role    stores.Role
	Scheme  string // of the URL: "neo4j", "inprocess"
	Secret  bool   // a password or a key is configured, though there is no server that takes it
	Facts   stores.Facts
	Latency time.Duration // of reaching the backend and asking it; zero for what is part of this process
	Err     error
}

// Embedded says that the embedded database plays the role.
func (e Examined) Embedded() bool { return e.Scheme == "sqlite" }

// lookTime bounds the look at one backend.
const lookTime = 10 * time.Second

// Examine looks at the backends of all roles at once, and neither creates nor changes anything. Of roles that the embedded
// database plays it says no more; see [Inspect].
func Examine(ctx context.Context, cfg *config.Config) []Examined {
	roles := (&opening{cfg: cfg}).roles()
	out := make([]Examined, len(roles))
	var all sync.WaitGroup
	for i, r := range roles {
		all.Go(func() { out[i] = r.examine(ctx) })
	}
	all.Wait()
	return out
}

func (r role) examine(ctx context.Context) Examined {
	scheme, _ := split(r.url)
	e := Examined{Role: r.Role, Scheme: scheme, Secret: r.unused()}
	p, err := r.chosen()
	if err == nil {
		err = p.check()
	}
	switch {
	case err != nil:
		e.Err = err
	case p.look != nil:
		start := time.Now()
		limited, cancel := context.WithTimeout(ctx, lookTime)
		defer cancel()
		e.Facts, err = p.look(limited)
		e.Err, e.Latency = nameless(silenced(err, lookTime)), time.Since(start)
	case scheme == "hashing":
		e.Facts.Model = hashing.New().Model()
	}
	return e
}
