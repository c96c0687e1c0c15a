package saga

import (
	"context"

	"thalamus/stores"
)

// Batch is many nouns of one scope, written together. They may point at each other.
type Batch struct {
	Profiles      []*stores.Profile
	Entities      []EntityParts
	Episodes      []*stores.Episode
	Procedures    []*stores.Procedure
	Todos         []*stores.Todo
	Relationships []*stores.Relationship
}

// Import writes a batch as it is, ids, versions and times included: a noun that is stored already is replaced. Records
// of entities come first, then the vectors, then the graph, then the rest of the records, all or nothing. What a noun leaves out gets its default.
//
// A batch that holds an invalid noun is [stores.ErrInvalid]; one with a mention or an end of an edge that neither it nor
// the stores have, [stores.ErrNotFound]; one that takes the name of another current entity, [stores.ErrConflict].
// Whatever else nouns point at may be missing, as it may after a deletion.
func (w *Writer) Import(ctx context.Context, s stores.Scope, b Batch) error {
	if err := b.complete(s); err != nil {
		return err
	}
	points, err := w.points(ctx, b.documents())
	if err != nil {
		return err
	}
	p := b.plan()
	p.steps = w.puts(b, points)
	_, err = run(ctx, w, s, Request{Operation: "import"}, func(context.Context) (plan[bool], error) { return p, nil })
	return err
}

// puts are the steps that write a batch.
func (w *Writer) puts(b Batch, points map[stores.Kind][]stores.Point) []step {
	nodes := make([]*stores.Entity, len(b.Entities))
	records := make([]*stores.EntityRecord, len(b.Entities))
	for i, e := range b.Entities {
		nodes[i], records[i] = e.Entity, e.Record
	}
	var steps []step
	add := func(n int, put step) {
		if n > 0 {
			steps = append(steps, put)
		}
	}
	add(len(records), w.entityRecords().Put(records...))
	for _, kind := range stores.Kinds {
		add(len(points[kind]), w.putPoints(kind, points[kind]))
	}
	add(len(nodes), w.entities().Put(nodes...))
	add(len(b.Episodes), w.episodes().Put(b.Episodes...))
	add(len(b.Procedures), w.procedures().Put(b.Procedures...))
	add(len(b.Relationships), w.relationships().Put(b.Relationships...))
	add(len(b.Todos), w.todos().Put(b.Todos...))
	add(len(b.Profiles), w.profiles().Put(b.Profiles...))
	return steps
}

// plan is what a batch claims and tells. Which of its nodes are new is not asked: to others they may be.
func (b Batch) plan() plan[bool] {
	p := plan[bool]{answer: true}
	for _, n := range b.nouns() {
		p.nodes = append(p.nodes, n.Ref())
		p.claims = append(p.claims, string(n.Ref().ID))
		p.events = append(p.events, created(n))
	}
	for _, e := range b.Entities {
		p.claims = append(p.claims, nameClaim(e.Entity.Name))
	}
	return p
}

// nouns are the nodes of a batch.
func (b Batch) nouns() []stores.Versioned {
	var all []stores.Versioned
	for _, n := range b.Profiles {
		all = append(all, n)
	}
	for _, n := range b.Entities {
		all = append(all, n.Entity)
	}
	for _, n := range b.Episodes {
		all = append(all, n)
	}
	for _, n := range b.Procedures {
		all = append(all, n)
	}
	for _, n := range b.Todos {
		all = append(all, n)
	}
	for _, n := range b.Relationships {
		all = append(all, n)
	}
	return all
}

// complete gives every noun the scope and its defaults, and checks it.
func (b Batch) complete(s stores.Scope) error {
	now := stores.Now()
	var c stores.Check
	c.Add(s.Validate())
	for _, p := range b.Profiles {
		p.Scope = s
		p.SetDefaults(now)
		c.Add(p.Validate())
	}
	for _, e := range b.Entities {
		e.Entity.Scope = s
		e.Entity.SetDefaults(now)
		e.join(s)
		c.Add(validate(e))
	}
	for _, e := range b.Episodes {
		e.Scope = s
		e.SetDefaults(now)
		c.Add(e.Validate())
	}
	for _, p := range b.Procedures {
		p.Scope = s
		p.SetDefaults(now)
		c.Add(p.Validate())
	}
	for _, t := range b.Todos {
		t.Scope = s
		t.SetDefaults(now)
		c.Add(t.Validate())
	}
	for _, r := range b.Relationships {
		r.Scope = s
		r.SetDefaults(now)
		c.Add(r.Validate())
	}
	return c.Err()
}

func (b Batch) documents() (docs []document) {
	for _, e := range b.Entities {
		docs = append(docs, e.document())
	}
	for _, e := range b.Episodes {
		docs = append(docs, episodeDocument(e))
	}
	for _, p := range b.Procedures {
		docs = append(docs, procedureDocument(p))
	}
	for _, t := range b.Todos {
		docs = append(docs, todoDocument(t))
	}
	return docs
}

// points embeds documents, all of them in one call, and sorts the points by noun.
func (w *Writer) points(ctx context.Context, docs []document) (map[stores.Kind][]stores.Point, error) {
	if len(docs) == 0 {
		return nil, nil
	}
	all, err := w.embed(ctx, docs)
	if err != nil {
		return nil, err
	}
	out := map[stores.Kind][]stores.Point{}
	for i, d := range docs {
		out[d.kind] = append(out[d.kind], all[i])
	}
	return out, nil
}
