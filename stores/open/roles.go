package open

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/inprocess"
)

// schemes are the products that can play a role, by the scheme of their URL.
type schemes map[string]func(context.Context) error

// choose opens the product that the URL of a role names.
func (s schemes) choose(ctx context.Context, role stores.Role, url config.URL) error {
	scheme, _ := split(url)
	open, ok := s[scheme]
	if !ok {
		return unknown(keyOf(role), scheme, slices.Sorted(maps.Keys(s))...)
	}
	return open(ctx)
}

// alike gives several schemes to one product.
func (s schemes) alike(open func(context.Context) error, names ...string) schemes {
	for _, name := range names {
		s[name] = open
	}
	return s
}

func (o *opening) graph(ctx context.Context) error {
	return schemes{"sqlite": o.sqliteGraph}.choose(ctx, stores.RoleGraph, o.cfg.Graph)
}

func (o *opening) sqliteGraph(ctx context.Context) error {
	db, err := o.sqlite(ctx, stores.RoleGraph, o.cfg.Graph)
	if err != nil {
		return err
	}
	s := o.set
	s.Episodes, s.Entities, s.Procedures, s.Relationships = db.Episodes(), db.Entities(), db.Procedures(), db.Relationships()
	o.scopes(stores.RoleGraph, db.GraphScopes())
	return nil
}

func (o *opening) records(ctx context.Context) error {
	return schemes{"sqlite": o.sqliteRecords}.choose(ctx, stores.RoleRecords, o.cfg.Records)
}

func (o *opening) sqliteRecords(ctx context.Context) error {
	db, err := o.sqlite(ctx, stores.RoleRecords, o.cfg.Records)
	if err != nil {
		return err
	}
	s := o.set
	s.EntityRecords, s.Profiles, s.Todos, s.Answers = db.EntityRecords(), db.Profiles(), db.Todos(), db.Answers()
	o.scopes(stores.RoleRecords, db.RecordScopes())
	return nil
}

// scopes adds the list of one store to those of the set.
func (o *opening) scopes(role stores.Role, list stores.Scopes) {
	all, ok := o.set.Scopes.(stores.ScopesOf)
	if !ok {
		all = stores.ScopesOf{}
		o.set.Scopes = all
	}
	all[role] = list
}

func (o *opening) vectors(ctx context.Context) error {
	return schemes{"sqlite": o.sqliteVectors}.choose(ctx, stores.RoleVectors, o.cfg.Vectors)
}

func (o *opening) sqliteVectors(ctx context.Context) error {
	db, err := o.sqlite(ctx, stores.RoleVectors, o.cfg.Vectors)
	if err != nil {
		return err
	}
	o.set.Vectors = db.Vectors()
	return nil
}

func (o *opening) cache(ctx context.Context) error {
	return schemes{"inprocess": o.inprocess}.choose(ctx, stores.RoleCache, o.cfg.Cache)
}

func (o *opening) inprocess(context.Context) error {
	if _, rest := split(o.cfg.Cache); rest != "" {
		return errors.New("cache: inprocess: takes no options")
	}
	c := inprocess.New(0)
	o.playing(c, stores.RoleCache)
	o.set.Cache = c
	return nil
}

func unknown(key, scheme string, known ...string) error {
	return fmt.Errorf("%s: there is no backend %q; known are %s", key, scheme, list(known))
}
