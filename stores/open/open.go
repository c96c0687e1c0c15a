// Package open turns a configuration into a set of opened stores. It is the only importer of every backend.
package open

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/embedcache"
	"thalamus/stores/hashing"
	"thalamus/stores/openai"
	"thalamus/stores/sqlite"
)

// Options are what is not part of the configuration.
type Options struct {
	Log *slog.Logger
	// Wait is how long to wait for servers that do not answer yet; 0 tries each once, with the time that a first start may take.
	Wait time.Duration
}

// Open opens the backend of every role. Mistakes in their URLs are told before anything is opened, all at once. What was
// opened is closed again when another fails. A server that does not answer is tried again until o.Wait is over; a wrong
// password or database is an error at once.
func Open(ctx context.Context, cfg *config.Config, o Options) (_ *stores.Set, err error) {
	if err := check(cfg); err != nil {
		return nil, err
	}
	x := &opening{cfg: cfg, log: o.Log, set: &stores.Set{}}
	if o.Wait > 0 {
		x.until = time.Now().Add(o.Wait)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, x.set.Close())
		}
	}()
	for _, r := range x.roles() {
		p, err := r.chosen()
		if r.unused() {
			x.log.WarnContext(ctx, "a secret is configured that nothing takes", "role", keyOf(r.Role), "url", r.url)
		}
		if err == nil {
			err = p.open(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	x.together()
	return x.set, nil
}

// check says what is wrong with the URLs and secrets of all roles.
func check(cfg *config.Config) error {
	var all []error
	for _, r := range (&opening{cfg: cfg}).roles() {
		all = append(all, named(r.Role, r.check()))
	}
	return errors.Join(all...)
}

// opening is a set that is being opened.
type opening struct {
	cfg   *config.Config
	log   *slog.Logger
	until time.Time // when waiting for servers ends; zero: there is none
	set   *stores.Set

	embedded *sqlite.DB // of the roles that are embedded; nil as long as none is
}

func (o *opening) playing(b stores.Backend, roles ...stores.Role) {
	for _, r := range roles {
		o.set.Backends = append(o.set.Backends, stores.Playing{Role: r, Backend: b})
	}
}

// sqlite opens the embedded database, once for all the roles it plays.
func (o *opening) sqlite(ctx context.Context, role stores.Role) (*sqlite.DB, error) {
	if o.embedded == nil {
		db, err := sqlite.Open(ctx, o.cfg.Data, sqlite.Options{Synchronous: string(o.cfg.SQLite.Synchronous)})
		if err != nil {
			return nil, err
		}
		o.embedded = db
	}
	o.playing(o.embedded, role)
	return o.embedded, nil
}

// together says what holds for the set as a whole.
func (o *opening) together() {
	if o.embedded == nil || !plays(o.set, o.embedded, stores.RoleGraph, stores.RoleRecords, stores.RoleVectors) {
		return
	}
	o.set.Atomic = o.embedded.Atomic
	o.set.Scopes = o.embedded.Scopes()
}

// plays says whether a backend plays all of the roles.
func plays(set *stores.Set, b stores.Backend, roles ...stores.Role) bool {
	for _, role := range roles {
		if !slices.ContainsFunc(set.Backends, func(p stores.Playing) bool { return p.Role == role && p.Backend == b }) {
			return false
		}
	}
	return true
}

func (o *opening) hashing(context.Context) error {
	e := hashing.New()
	o.playing(e, stores.RoleEmbedder)
	o.set.Embedder = e
	return nil
}

func (o *opening) openai(ctx context.Context) error {
	e, err := waited(ctx, o, stores.RoleEmbedder, o.newOpenai)
	if err != nil {
		return err
	}
	o.playing(e, stores.RoleEmbedder)
	cached := embedcache.New(e, o.set.Cache, o.log)
	o.set.Embedder, o.set.Copies = cached, cached
	return nil
}

func (o *opening) openaiConfig() (openai.Config, error) {
	cfg, err := openai.ParseURL(string(o.cfg.Embedder))
	cfg.APIKey = openai.Key(o.cfg.EmbedderKey)
	return cfg, err
}

func (o *opening) checkOpenai() error {
	cfg, err := o.openaiConfig()
	if err != nil {
		return err
	}
	return cfg.Check()
}

func (o *opening) newOpenai(ctx context.Context) (*openai.Embedder, error) {
	cfg, err := o.openaiConfig()
	if err != nil {
		return nil, err
	}
	return openai.New(ctx, cfg)
}

func (o *opening) lookOpenai(ctx context.Context) (facts stores.Facts, err error) {
	e, err := o.newOpenai(ctx)
	if err != nil {
		return facts, err
	}
	facts.Product, facts.Model = e.Name(), e.Model()
	return facts, errors.Join(e.Ping(ctx), e.Close())
}

func split(url config.URL) (scheme, rest string) {
	scheme, rest, _ = strings.Cut(string(url), ":")
	return strings.ToLower(scheme), rest
}
