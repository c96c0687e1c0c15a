package model

import (
	"reflect"

	"github.com/99designs/gqlgen/graphql"

	"thalamus/resilience/saga"
	"thalamus/stores"
)

// maxForget bounds the ids of one request.
const maxForget = 200

// Selection is what is to be forgotten: exactly one of ids and where says it.
func (in ForgetInput) Selection() (saga.Selection, error) {
	ids, where := in.Ids.Value(), in.Where.Value()
	switch {
	case (ids == nil) == (where == nil):
		return saga.Selection{}, stores.Invalid("", "needs ids or where, and not both")
	case where != nil:
		return where.selection()
	case len(ids) < 1 || len(ids) > maxForget:
		return saga.Selection{}, stores.Invalid("ids", "has %d items; it must have 1 to %d", len(ids), maxForget)
	}
	var c stores.Check
	var out saga.Selection
	for _, r := range ids {
		c.That(r.Kind != stores.KindSaga, "ids", "must be ids of nodes; a saga is none")
		out.Refs = append(out.Refs, *r)
	}
	return out, c.Err()
}

func (in ForgetWhere) selection() (saga.Selection, error) {
	out := saga.Selection{Where: map[stores.Kind]stores.Filter{}}
	var c stores.Check
	for _, of := range []struct {
		name  string
		spec  stores.Spec
		where graphql.Omittable[map[string]any]
	}{
		{"episodes", stores.EpisodeSpec, in.Episodes}, {"entities", stores.EntitySpec, in.Entities},
		{"procedures", stores.ProcedureSpec, in.Procedures}, {"todos", stores.TodoSpec, in.Todos},
		{"relationships", stores.RelationshipSpec, in.Relationships},
	} {
		where := of.where.Value()
		if where == nil {
			continue
		}
		for name, v := range where {
			c.Add(asks("where."+of.name+"."+name, v))
		}
		filter, err := Where(of.spec, where)
		c.Add(err)
		out.Where[of.spec.Kind] = filter
	}
	if p := in.Profile.Value(); p != nil && *p {
		out.Where[stores.KindProfile] = stores.Filter{}
	}
	if all := in.Everything.Value(); all != nil && *all {
		for _, kind := range stores.Kinds {
			out.Where[kind] = stores.Filter{}
		}
	}
	c.That(len(out.Where) > 0, "where", "selects nothing; name a noun, the profile or everything")
	return out, c.Err()
}

// asks wants a condition, and all inside it, to ask for something. Elsewhere a null asks for nothing and an empty condition
// holds always; here that would forget more than was meant.
func asks(path string, v any) error {
	if isNil(v) {
		return stores.Invalid(path, "is null; leave it out")
	}
	var c stores.Check
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Map:
		c.That(r.Len() > 0, path, "is empty; leave it out")
		for _, key := range r.MapKeys() {
			c.Add(asks(path+"."+key.String(), r.MapIndex(key).Interface()))
		}
	case reflect.Slice:
		c.That(r.Len() > 0, path, "is empty; leave it out")
		for i := range r.Len() {
			c.Add(asks(path, r.Index(i).Interface()))
		}
	}
	return c.Err()
}
