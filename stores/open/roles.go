package open

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/inprocess"
	"thalamus/stores/neo4j"
	"thalamus/stores/qdrant"
)

// product is something that can play a role.
type product struct {
	open func(context.Context) error
	look func(context.Context) (stores.Facts, error) // without changing anything; nil: it is part of this process
}

// schemes are the products that can play a role, by the scheme of their URL.
type schemes map[string]product

// alike gives several schemes to one product.
func (s schemes) alike(p product, names ...string) schemes {
	for _, name := range names {
		s[name] = p
	}
	return s
}

// role is a role with the URL and the secret that are configured for it and the products to choose from.
type role struct {
	stores.Role
	url      config.URL
	secret   config.Secret
	products schemes
}

// chosen is the product that the URL names.
func (r role) chosen() (product, error) {
	scheme, _ := split(r.url)
	p, ok := r.products[scheme]
	if !ok {
		return p, fmt.Errorf("%s: there is no backend %q; known are %s", keyOf(r.Role), scheme, strings.Join(slices.Sorted(maps.Keys(r.products)), ", "))
	}
	return p, nil
}

// unused says that there is a secret and no server that takes it.
func (r role) unused() bool {
	_, rest := split(r.url)
	return rest == "" && r.secret != ""
}

// roles lists the roles, in the order in which they are opened.
func (o *opening) roles() []role {
	return []role{
		{stores.RoleGraph, o.cfg.Graph, o.cfg.GraphPassword, schemes{"sqlite": {open: o.sqliteGraph}}.
			alike(product{open: o.neo4j, look: o.lookNeo4j}, neo4j.Schemes...)},
		{stores.RoleRecords, o.cfg.Records, o.cfg.RecordsPassword, schemes{"sqlite": {open: o.sqliteRecords}}.
			alike(product{open: o.mysql, look: o.lookMySQL}, "mysql")},
		{stores.RoleVectors, o.cfg.Vectors, o.cfg.VectorsKey, schemes{"sqlite": {open: o.sqliteVectors}}.
			alike(product{open: o.qdrant, look: o.lookQdrant}, qdrant.Scheme, qdrant.SchemeTLS)},
		{stores.RoleCache, o.cfg.Cache, o.cfg.CachePassword, schemes{"inprocess": {open: o.inprocess}}.
			alike(product{open: o.redis, look: o.lookRedis}, "redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")},
		{stores.RoleEmbedder, o.cfg.Embedder, o.cfg.EmbedderKey, schemes{"hashing": {open: o.hashing}}.
			alike(product{open: o.openai, look: o.lookOpenai}, "openai+http", "openai+https")},
	}
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

func (o *opening) sqliteVectors(ctx context.Context) error {
	db, err := o.sqlite(ctx, stores.RoleVectors, o.cfg.Vectors)
	if err != nil {
		return err
	}
	o.set.Vectors = db.Vectors()
	return nil
}

func (o *opening) inprocess(context.Context) error {
	if _, rest := split(o.cfg.Cache); rest != "" {
		return errors.New("cache: inprocess: takes no options")
	}
	c := inprocess.New(0)
	o.playing(c, stores.RoleCache)
	o.set.Cache, o.set.Locks, o.set.Bus = c, c.Locks(), c.Bus()
	return nil
}
