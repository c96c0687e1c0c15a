package open

import (
	"context"
	"errors"

	"thalamus/stores"
	"thalamus/stores/mysql"
	"thalamus/stores/neo4j"
	"thalamus/stores/qdrant"
	"thalamus/stores/redis"
)

func (o *opening) neo4j(ctx context.Context) error {
	url, err := o.url(stores.RoleGraph)
	if err != nil {
		return err
	}
	db, err := waited(ctx, o, stores.RoleGraph, func(ctx context.Context) (*neo4j.DB, error) { return neo4j.Open(ctx, url) })
	if err != nil {
		return err
	}
	o.playing(db, stores.RoleGraph)
	s := o.set
	s.Episodes, s.Entities, s.Procedures, s.Relationships = db.Episodes(), db.Entities(), db.Procedures(), db.Relationships()
	o.scopes(stores.RoleGraph, db.Scopes())
	return nil
}

func (o *opening) lookNeo4j(ctx context.Context) (stores.Facts, error) {
	url, err := o.url(stores.RoleGraph)
	if err != nil {
		return stores.Facts{}, err
	}
	return neo4j.Look(ctx, url)
}

func (o *opening) mysql(ctx context.Context) error {
	url, err := o.url(stores.RoleRecords)
	if err != nil {
		return err
	}
	db, err := waited(ctx, o, stores.RoleRecords, func(ctx context.Context) (*mysql.DB, error) { return mysql.Open(ctx, url) })
	if err != nil {
		return err
	}
	o.playing(db, stores.RoleRecords)
	s := o.set
	s.EntityRecords, s.Profiles, s.Todos, s.Answers = db.EntityRecords(), db.Profiles(), db.Todos(), db.Answers()
	s.Journal, s.Outbox = db.Journal(), db.Outbox()
	o.scopes(stores.RoleRecords, db.Scopes())
	return nil
}

func (o *opening) lookMySQL(ctx context.Context) (stores.Facts, error) {
	url, err := o.url(stores.RoleRecords)
	if err != nil {
		return stores.Facts{}, err
	}
	return mysql.Look(ctx, url)
}

func (o *opening) checkQdrant() error {
	return qdrant.Check(string(o.cfg.Vectors), string(o.cfg.VectorsKey))
}

func (o *opening) qdrant(ctx context.Context) error {
	v, err := waited(ctx, o, stores.RoleVectors, o.newQdrant)
	if err != nil {
		return err
	}
	o.playing(v, stores.RoleVectors)
	o.set.Vectors = v
	return nil
}

func (o *opening) newQdrant(ctx context.Context) (*qdrant.Vectors, error) {
	return qdrant.Open(ctx, string(o.cfg.Vectors), qdrant.Options{APIKey: string(o.cfg.VectorsKey), Log: o.log})
}

func (o *opening) lookQdrant(ctx context.Context) (facts stores.Facts, err error) {
	v, err := o.newQdrant(ctx)
	if err != nil {
		return facts, err
	}
	facts, err = v.Facts(ctx)
	if err == nil {
		facts.Model, err = v.Model(ctx)
	}
	return facts, errors.Join(err, v.Close())
}

func (o *opening) redis(ctx context.Context) error {
	url, err := o.url(stores.RoleCache)
	if err != nil {
		return err
	}
	db, err := waited(ctx, o, stores.RoleCache, func(ctx context.Context) (*redis.DB, error) { return redis.Open(ctx, url) })
	if err != nil {
		return err
	}
	o.playing(db, stores.RoleCache)
	o.set.Cache, o.set.Locks, o.set.Bus = db.Cache(), db.Locks(), db.Bus()
	return nil
}

func (o *opening) lookRedis(ctx context.Context) (facts stores.Facts, err error) {
	url, err := o.url(stores.RoleCache)
	if err != nil {
		return facts, err
	}
	db, err := redis.Open(ctx, url)
	if err != nil {
		return facts, err
	}
	facts, err = db.Facts(ctx)
	return facts, errors.Join(err, db.Close())
}
