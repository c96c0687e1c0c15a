package storestest

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"thalamus/stores"
)

// lookalikes are scopes that a careless comparison takes for each other.
func lookalikes() []stores.Scope {
	u := "Ann-" + string(stores.NewID())
	long := strings.Repeat("x", 200) + u
	return []stores.Scope{
		{User: u, Device: stores.Default, Agent: stores.Default},
		{User: strings.ToLower(u), Device: stores.Default, Agent: stores.Default},
		{User: u + " ", Device: stores.Default, Agent: stores.Default},
		{User: u, Device: "d/e", Agent: "f"},
		{User: u, Device: "d", Agent: "e/f"},
		{User: u, Device: "f", Agent: "d"},
		{User: u, Device: "d", Agent: "f"},
		{User: u, Device: "%", Agent: "*"},
		{User: u, Device: "_", Agent: "?"},
		{User: u, Device: "caf\u00e9", Agent: "x"},
		{User: u, Device: "cafe\u0301", Agent: "x"},
		{User: u, Device: "cafe", Agent: "x"},
		{User: u, Device: `' OR 1=1 --`, Agent: `"`},
		{User: u, Device: `\`, Agent: "\U0001f600"},
		{User: u, Device: "ss", Agent: "x"},
		{User: u, Device: "ß", Agent: "x"},
		{User: long + "a", Device: strings.Repeat("y", 255), Agent: strings.Repeat("z", 255)},
		{User: long + "b", Device: strings.Repeat("y", 255), Agent: strings.Repeat("z", 255)},
	}
}

// testScopes keeps one record in each of many scopes that look alike; each scope sees its own and no other.
func testScopes[T any](b bench[T]) {
	scopes := lookalikes()
	items := make([]*T, len(scopes))
	for i, s := range scopes {
		noError(b.t, s.Validate())
		one := b.at(s)
		items[i] = b.random(one.world, i)
		one.save(items[i])
	}
	ids := b.ids(items)
	for i, s := range scopes {
		one := b.at(s)
		got := one.get(nil, ids...)
		if len(got) != 1 {
			b.t.Errorf("scope %s reads %d records, want its own", s.Key(), len(got))
		}
		one.holds("record of scope "+s.Key(), items[i])
		same(b.t, "ids listed in scope "+s.Key(), ids[i:i+1], b.ids(one.all()))
		same(b.t, "records counted in scope "+s.Key(), 1, one.total(stores.Filter{}))
	}
	same(b.t, "deleted in one scope", 1, b.at(scopes[0]).remove(ids...))
	for i, s := range scopes[1:] {
		b.at(s).holds("after a delete in another scope: "+s.Key(), items[i+1])
	}
}

// testForeignIDs uses an id of another scope in every write: it is unknown here, and stays as it is there.
func testForeignIDs[T any](b bench[T]) {
	mine := b.random(b.world, 0)
	b.save(mine)
	far := b.at(newScope())
	same(b.t, "foreign records deleted", 0, far.remove(b.id(mine)))
	b.holds("after a foreign delete", mine)

	theirs := b.random(far.world, 1)
	*b.head(theirs).id = b.id(mine)
	far.save(theirs)
	b.holds("after a foreign put of its id", mine)
	far.holds("the foreign record of the same id", theirs)
	same(b.t, "foreign records deleted", 1, far.remove(b.id(mine)))
	b.holds("after the foreign record was deleted", mine)
}

// testProjection reads with every choice of heavy fields. Light fields always come.
func testProjection[T any](b bench[T]) {
	item := b.rich(b.world, "text")
	b.save(item)
	heavy := b.spec.Heavy
	choices := [][]stores.Field{nil, {}, {"id"}, heavy}
	for _, f := range heavy {
		choices = append(choices, []stores.Field{f}, []stores.Field{"id", f, f})
	}
	for _, fields := range choices {
		want := b.get(nil, b.id(item))[b.id(item)]
		for _, f := range heavy {
			if !b.spec.Wants(fields, f) {
				b.strip(want, f)
			}
		}
		q := stores.Query{Fields: fields, Page: stores.Page{First: 1}}
		for how, got := range map[string][]*T{
			"ByID": {b.get(fields, b.id(item))[b.id(item)]},
			"List": b.page(q).Items,
		} {
			if d := diff([]*T{want}, got, b.options()...); d != "" {
				b.t.Errorf("%s with fields %q (-want +got):\n%s", how, fields, d)
			}
		}
	}
	b.holds("all fields", item)
}

// instants points at all instants of a noun, those of optional fields included.
func instants(item any) []*time.Time {
	var out []*time.Time
	v := reflect.ValueOf(item).Elem()
	for i := range v.NumField() {
		switch p := v.Field(i).Addr().Interface().(type) {
		case *time.Time:
			out = append(out, p)
		case **time.Time:
			out = append(out, *p)
		}
	}
	return slices.DeleteFunc(out, func(p *time.Time) bool { return p == nil })
}
