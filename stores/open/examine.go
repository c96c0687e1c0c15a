package open

import (
	"context"
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

// Examine looks at the backend of every role, and neither creates nor changes anything. Of roles that the embedded database
// plays it says no more; see [Inspect].
func Examine(ctx context.Context, cfg *config.Config) []Examined {
	o := &opening{cfg: cfg}
	var out []Examined
	for _, r := range o.roles() {
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
			e.Facts, err = p.look(ctx)
			e.Err, e.Latency = nameless(err), time.Since(start)
		case scheme == "hashing":
			e.Facts.Model = hashing.New().Model()
		}
		out = append(out, e)
	}
	return out
}
