package recall

import (
	"cmp"
	"context"
	"slices"

	"thalamus/stores"
)

// How many candidates a search leg ranks: three times what is wanted, since some answer only together with another leg.
const (
	candidateFactor = 3
	minCandidates   = 50
	// seeds are the best candidates so far, from which the session and graph legs start.
	seeds = 20
)

// search asks the dense and the keyword leg, all nouns in one call to the engine.
func (r *run) search(ctx context.Context) error {
	limit := min(max(candidateFactor*r.query.First, minCandidates), stores.MaxHits)
	var searches []stores.Search
	var legs []Leg
	var vector []float32
	var embedErr error
	if r.query.weight(Dense) > 0 {
		vector, embedErr = r.embed(ctx)
	}
	for _, kind := range r.query.Kinds {
		where := r.query.Where.filter(kind)
		if vector != nil {
			searches, legs = append(searches, stores.Search{Collection: stores.Collections[kind], Vector: vector, Where: where, Limit: limit}), append(legs, Dense)
		}
		if r.query.weight(Keyword) > 0 {
			searches, legs = append(searches, stores.Search{Collection: stores.Collections[kind], Text: r.query.Text, Where: where, Limit: limit}), append(legs, Keyword)
		}
	}
	answers, err := r.set.Vectors.Search(ctx, r.scope, searches)
	if err != nil {
		return r.without(ctx, cmp.Or(embedErr, err), err)
	}
	found := map[Leg][]candidate{}
	for i, s := range searches {
		for _, h := range answers[i] {
			if h.Score > 0 {
				found[legs[i]] = append(found[legs[i]], candidate{stores.Ref{Kind: kindOf(s.Collection), ID: h.ID}, h.Score})
			}
		}
	}
	if r.query.weight(Dense) > 0 {
		r.rank(Dense, found[Dense], embedErr)
	}
	if r.query.weight(Keyword) > 0 {
		r.rank(Keyword, found[Keyword], nil)
	}
	if len(searches) == 0 {
		return embedErr
	}
	return nil
}

func (r *run) embed(ctx context.Context) ([]float32, error) {
	vectors, err := r.set.Embedder.Embed(ctx, []string{r.query.Text})
	if err != nil {
		return nil, err
	}
	return vectors[0], nil
}

func kindOf(c stores.Collection) stores.Kind {
	for kind, collection := range stores.Collections {
		if collection == c {
			return kind
		}
	}
	return ""
}

// spread asks the legs that start from what the others found.
func (r *run) spread(ctx context.Context) {
	start := r.fuse()
	start = start[:min(len(start), seeds)]
	if r.query.weight(Session) > 0 && slices.Contains(r.query.Kinds, stores.KindEpisode) {
		found, err := r.session(ctx, start)
		r.rank(Session, found, err)
	}
	if r.query.weight(Graph) > 0 {
		found, err := r.graph(ctx, start)
		r.rank(Graph, found, err)
	}
}

// session gives each episode next to a seed the seed's score; next to two seeds, the sum.
func (r *run) session(ctx context.Context, start []fused) ([]candidate, error) {
	var ids []stores.ID
	for _, f := range start {
		if f.ref.Kind == stores.KindEpisode {
			ids = append(ids, f.ref.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	beside, err := r.set.Episodes.Adjacent(ctx, r.scope, ids)
	scores := map[stores.Ref]float64{}
	for _, f := range start {
		for _, id := range []stores.ID{beside[f.ref.ID].Previous, beside[f.ref.ID].Next} {
			if id != "" {
				scores[stores.Ref{Kind: stores.KindEpisode, ID: id}] += f.score
			}
		}
	}
	return candidates(scores), err
}

// What the graph leg follows from one node, and how strong it takes a mention to be.
const (
	edgesPerNode    = 20
	mentionsPerNode = 10
	mentionWeight   = 0.5
)

// graph carries the score of each seed along its edges and mentions, times their weight; a node reached in several ways
// gets the sum. A second step starts from what the first one reached.
func (r *run) graph(ctx context.Context, start []fused) ([]candidate, error) {
	front := map[stores.Ref]float64{}
	for _, f := range start {
		front[f.ref] = f.score
	}
	reached := map[stores.Ref]float64{}
	for range r.query.Expand.Depth {
		next, err := r.step(ctx, front)
		if err != nil {
			return nil, err
		}
		for ref, score := range next {
			reached[ref] += score
		}
		front = next
	}
	for ref := range reached {
		if !slices.Contains(r.query.Kinds, ref.Kind) {
			delete(reached, ref)
		}
	}
	return candidates(reached), nil
}

func (r *run) step(ctx context.Context, front map[stores.Ref]float64) (map[stores.Ref]float64, error) {
	var nodes, episodes, entities []stores.ID
	byID := map[stores.ID]float64{}
	for ref, score := range front {
		byID[ref.ID] = score
		switch ref.Kind {
		case stores.KindEpisode:
			nodes, episodes = append(nodes, ref.ID), append(episodes, ref.ID)
		case stores.KindEntity:
			nodes, entities = append(nodes, ref.ID), append(entities, ref.ID)
		case stores.KindProcedure:
			nodes = append(nodes, ref.ID)
		}
	}
	reached := map[stores.Ref]float64{}
	if len(nodes) > 0 {
		edges, err := r.set.Relationships.ByNode(ctx, r.scope, nodes, stores.FlowBoth, stores.Query{
			Where: r.query.Expand.filter(), Page: stores.Page{First: edgesPerNode}, Fields: []stores.Field{},
		})
		if err != nil {
			return nil, err
		}
		for id, page := range edges {
			for _, e := range page.Items {
				reached[e.Other(id)] += byID[id] * e.Weight
			}
		}
	}
	return reached, r.mentions(ctx, episodes, entities, byID, reached)
}

func (r *run) mentions(ctx context.Context, episodes, entities []stores.ID, scores map[stores.ID]float64, reached map[stores.Ref]float64) error {
	if len(episodes) > 0 {
		mentioned, err := r.set.Entities.ByEpisode(ctx, r.scope, episodes, []stores.Field{})
		if err != nil {
			return err
		}
		for id, list := range mentioned {
			for _, e := range list {
				reached[e.Ref()] += scores[id] * mentionWeight
			}
		}
	}
	if len(entities) == 0 {
		return nil
	}
	mentioning, err := r.set.Episodes.ByEntity(ctx, r.scope, entities, stores.Query{Page: stores.Page{First: mentionsPerNode}, Fields: []stores.Field{}})
	for id, page := range mentioning {
		for _, e := range page.Items {
			reached[e.Ref()] += scores[id] * mentionWeight
		}
	}
	return err
}

func (x *Expand) filter() stores.Filter {
	weight := stores.Where("weight", stores.Gte, x.MinWeight)
	if x.Types == nil {
		return weight
	}
	return stores.All(oneOf("type", x.Types), weight)
}

func candidates(scores map[stores.Ref]float64) []candidate {
	out := make([]candidate, 0, len(scores))
	for ref, score := range scores {
		out = append(out, candidate{ref, score})
	}
	return out
}
