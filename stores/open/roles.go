package open

import (
	"context"
	"maps"
	"slices"
	"strings"

	"thalamus/config"
	"thalamus/stores"
	"thalamus/stores/inprocess"
	"thalamus/stores/mysql"
	"thalamus/stores/neo4j"
	"thalamus/stores/qdrant"
	"thalamus/stores/redis"
)

// product is something that can play a role.
type product struct {
	check func() error // of the URL and the secret, without asking anybody
	open  func(context.Context) error
	look  func(context.Context) (stores.Facts, error) // without changing anything; nil: it is part of this process
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
		return p, stores.Invalid("", "there is no backend %q; known are %s", scheme, strings.Join(slices.Sorted(maps.Keys(r.products)), ", "))
	}
	return p, nil
}

// check says what is wrong with the URL and the secret, as far as that shows without a server.
func (r role) check() error {
	p, err := r.chosen()
	if err != nil {
		return err
	}
	return p.check()
}

// unused says that there is a secret and no server that takes it.
func (r role) unused() bool {
	_, rest := split(r.url)
	return rest == "" && r.secret != ""
}

// roles lists the roles, in the order in which they are opened.
func (o *opening) roles() []role {
	return []role{
		{stores.RoleGraph, o.cfg.Graph, o.cfg.GraphPassword, schemes{"sqlite": {check: alone(o.cfg.Graph, onlySQLite), open: o.sqliteGraph}}.
			alike(product{check: o.checked(stores.RoleGraph, neo4j.Check), open: o.neo4j, look: o.lookNeo4j}, neo4j.Schemes...)},
		{stores.RoleRecords, o.cfg.Records, o.cfg.RecordsPassword, schemes{"sqlite": {check: alone(o.cfg.Records, onlySQLite), open: o.sqliteRecords}}.
			alike(product{check: o.checked(stores.RoleRecords, mysql.Check), open: o.mysql, look: o.lookMySQL}, "mysql")},
		{stores.RoleVectors, o.cfg.Vectors, o.cfg.VectorsKey, schemes{"sqlite": {check: alone(o.cfg.Vectors, onlySQLite), open: o.sqliteVectors}}.
			alike(product{check: o.checkQdrant, open: o.qdrant, look: o.lookQdrant}, qdrant.Scheme, qdrant.SchemeTLS)},
		{stores.RoleCache, o.cfg.Cache, o.cfg.CachePassword, schemes{"inprocess": {check: alone(o.cfg.Cache, "inprocess: takes no options"), open: o.inprocess}}.
			alike(product{check: o.checked(stores.RoleCache, redis.Check), open: o.redis, look: o.lookRedis}, "redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")},
		{stores.RoleEmbedder, o.cfg.Embedder, o.cfg.EmbedderKey, schemes{"hashing": {check: alone(o.cfg.Embedder, "hashing: takes no options"), open: o.hashing}}.
			alike(product{check: o.checkOpenai, open: o.openai, look: o.lookOpenai}, "openai+http", "openai+https")},
	}
}

// checked adds the secret of a role to its URL before that is checked.
func (o *opening) checked(role stores.Role, check func(url string) error) func() error {
	return func() error {
		url, err := o.url(role)
		if err != nil {
			return err
		}
		return check(url)
	}
}

// alone checks a URL that is no more than a scheme; words say so.
func alone(url config.URL, words string) func() error {
	return func() error {
		if _, rest := split(url); rest != "" {
			return stores.Invalid("", "%s", words)
		}
		return nil
	}
}

// onlySQLite says where the embedded database is.
const onlySQLite = "the embedded database lives in the data directory: write sqlite: here and name the directory by `data`"

func (o *opening) sqliteGraph(ctx context.Context) error {
	db, err := o.sqlite(ctx, stores.RoleGraph)
	if err != nil {
		return err
	}
	s := o.set
	s.Episodes, s.Entities, s.Procedures, s.Relationships = db.Episodes(), db.Entities(), db.Procedures(), db.Relationships()
	o.scopes(stores.RoleGraph, db.GraphScopes())
	return nil
}

func (o *opening) sqliteRecords(ctx context.Context) error {
	db, err := o.sqlite(ctx, stores.RoleRecords)
	if err != nil {
		return err
	}
	s := o.set
	s.EntityRecords, s.Profiles, s.Todos, s.Answers = db.EntityRecords(), db.Profiles(), db.Todos(), db.Answers()
	s.Journal, s.Outbox = db.Journal(), db.Outbox()
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
	db, err := o.sqlite(ctx, stores.RoleVectors)
	if err != nil {
		return err
	}
	o.set.Vectors = db.Vectors()
	return nil
}

func (o *opening) inprocess(context.Context) error {
	c := inprocess.New(0)
	o.playing(c, stores.RoleCache)
	o.set.Cache, o.set.Locks, o.set.Bus = c, c.Locks(), c.Bus()
	return nil
}
