// Package open turns a configuration into a set of opened stores. It is the only importer of every backend.
package open

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/embedcache"
	"thalamus/stores/hashing"
	"thalamus/stores/inprocess"
	"thalamus/stores/openai"
	"thalamus/stores/sqlite"
)

// Open opens the backend of every role. What was opened is closed again when another fails.
func Open(ctx context.Context, cfg *config.Config, log *slog.Logger) (_ *stores.Set, err error) {
	o := &opening{cfg: cfg, log: log, set: &stores.Set{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.set.Close())
		}
	}()
	if err := o.database(ctx); err != nil {
		return nil, err
	}
	if err := o.cache(); err != nil {
		return nil, err
	}
	if err := o.embedder(ctx); err != nil {
		return nil, err
	}
	return o.set, nil
}

// ErrOtherEmbedder says that the stored vectors come from another embedder than the configured one.
var ErrOtherEmbedder = errors.New("the stored vectors come from another embedder")

// CheckModel compares the embedder that made the stored vectors with the configured one, and binds an engine that holds
// none yet. Vectors of two embedders cannot be compared, so mixing them is refused with [ErrOtherEmbedder].
func CheckModel(ctx context.Context, set *stores.Set) error {
	want := set.Embedder.Model()
	have, err := set.Vectors.Model(ctx)
	switch {
	case err != nil:
		return err
	case have == stores.Model{}:
		return set.Vectors.Reset(ctx, want)
	case have != want:
		return fmt.Errorf("%w: they were made by %s (dimension %d), and the configuration says %s (dimension %d); run `thalamus reembed` with this configuration to make them anew, or configure the old embedder",
			ErrOtherEmbedder, have.Name, have.Dimension, want.Name, want.Dimension)
	}
	return nil
}

type opening struct {
	cfg *config.Config
	log *slog.Logger
	set *stores.Set
}

func (o *opening) playing(b stores.Backend, roles ...stores.Role) {
	for _, r := range roles {
		o.set.Backends = append(o.set.Backends, stores.Playing{Role: r, Backend: b})
	}
}

// database opens graph, records and vectors, which are one SQLite file.
func (o *opening) database(ctx context.Context) error {
	for key, url := range map[string]config.URL{"graph": o.cfg.Graph, "records": o.cfg.Records, "vectors": o.cfg.Vectors} {
		if scheme, rest := split(url); scheme != "sqlite" {
			return unknown(key, scheme, "sqlite")
		} else if rest != "" {
			return fmt.Errorf("%s: the embedded database lives in the data directory: write sqlite: here and name the directory by `data`", key)
		}
	}
	db, err := sqlite.Open(ctx, o.cfg.Data, sqlite.Options{Synchronous: string(o.cfg.SQLite.Synchronous)})
	if err != nil {
		return err
	}
	o.playing(db, stores.RoleGraph, stores.RoleRecords, stores.RoleVectors)
	s := o.set
	s.Episodes, s.Entities, s.Procedures, s.Relationships = db.Episodes(), db.Entities(), db.Procedures(), db.Relationships()
	s.EntityRecords, s.Profiles, s.Todos, s.Answers = db.EntityRecords(), db.Profiles(), db.Todos(), db.Answers()
	s.Scopes = db.Scopes()
	s.Vectors, s.Atomic = db.Vectors(), db.Atomic
	return nil
}

func (o *opening) cache() error {
	scheme, rest := split(o.cfg.Cache)
	if scheme != "inprocess" {
		return unknown("cache", scheme, "inprocess")
	}
	if rest != "" {
		return errors.New("cache: inprocess: takes no options")
	}
	c := inprocess.New(0)
	o.playing(c, stores.RoleCache)
	o.set.Cache = c
	return nil
}

func (o *opening) embedder(ctx context.Context) error {
	scheme, rest := split(o.cfg.Embedder)
	embedders := map[string]func() (embedder, error){
		"hashing": func() (embedder, error) {
			if rest != "" {
				return nil, errors.New("embedder: hashing: takes no options")
			}
			return hashing.New(), nil
		},
		"openai+http":  func() (embedder, error) { return o.openai(ctx) },
		"openai+https": func() (embedder, error) { return o.openai(ctx) },
	}
	open, ok := embedders[scheme]
	if !ok {
		return unknown("embedder", scheme, slices.Sorted(maps.Keys(embedders))...)
	}
	e, err := open()
	if err != nil {
		return err
	}
	o.playing(e, stores.RoleEmbedder)
	o.set.Embedder = e
	if scheme != "hashing" { // hashing is quicker than a look-up
		o.set.Embedder = embedcache.New(e, o.set.Cache, o.log)
	}
	return nil
}

type embedder interface {
	stores.Embedder
	stores.Backend
}

func (o *opening) openai(ctx context.Context) (embedder, error) {
	cfg, err := openai.ParseURL(string(o.cfg.Embedder))
	if err != nil {
		return nil, err
	}
	cfg.APIKey = openai.Key(o.cfg.EmbedderKey)
	return openai.New(ctx, cfg)
}

func split(url config.URL) (scheme, rest string) {
	scheme, rest, _ = strings.Cut(string(url), ":")
	return strings.ToLower(scheme), rest
}

func unknown(key, scheme string, known ...string) error {
	return fmt.Errorf("%s: there is no backend %q; known are %s", key, scheme, strings.Join(known, ", "))
}
