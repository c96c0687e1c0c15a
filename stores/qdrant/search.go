package qdrant

import (
	"context"
	"errors"
	"math"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
	"golang.org/x/sync/errgroup"

	"thalamus/stores"
)

// Search asks each collection once, whatever the number of searches; the server runs them side by side.
func (v *Vectors) Search(ctx context.Context, s stores.Scope, searches []stores.Search) ([][]stores.Hit, error) {
	if err := v.usable(ctx); err != nil {
		return nil, err
	}
	answers := make([][]stores.Hit, len(searches))
	batches := map[stores.Collection]*batch{}
	var vectors [][]float32
	for i, search := range searches {
		search, err := search.Check()
		if err != nil {
			return nil, err
		}
		if len(search.Vector) > 0 {
			vectors = append(vectors, search.Vector)
		}
		query, err := v.query(s, search)
		if err != nil {
			return nil, err
		}
		if query == nil {
			continue
		}
		if batches[search.Collection] == nil {
			batches[search.Collection] = &batch{Vectors: v, scope: s, collection: search.Collection}
		}
		b := batches[search.Collection]
		b.questions = append(b.questions, question{i, search, query})
	}
	if err := v.checkDimension(ctx, vectors...); err != nil {
		return nil, err
	}
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(v.concurrency)
	for _, b := range batches {
		group.Go(func() error { return b.ask(inner, answers) })
	}
	if err := group.Wait(); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, err
	}
	return answers, nil
}

// question is one search on its way to the server.
type question struct {
	position int // among the searches of the call
	search   stores.Search
	query    *pb.QueryPoints
}

// batch is the questions that one request asks.
type batch struct {
	*Vectors
	scope      stores.Scope
	collection stores.Collection
	questions  []question
}

// ask puts the questions and writes the answers to their places.
func (b *batch) ask(ctx context.Context, answers [][]stores.Hit) error {
	results, err := b.send(ctx)
	if missing(err) && slices.ContainsFunc(b.questions, question.byExample) {
		// One unknown example fails the whole request, so it is asked again without those. That is rarer than examples
		// are, which is why they are not looked for at first.
		if err = b.dropUnknown(ctx); err == nil {
			results, err = b.send(ctx)
		}
	}
	if err != nil {
		return b.remade(ctx, err)
	}
	if len(results) != len(b.questions) {
		return stores.Unavailable(Name, errWrongCount)
	}
	for i, q := range b.questions {
		if answers[q.position], err = b.hits(q.search, results[i].GetResult()); err != nil {
			return err
		}
	}
	return nil
}

var errWrongCount = errors.New("a batch of searches got another number of answers")

func (q question) byExample() bool { return q.search.Like != "" }

func (b *batch) send(ctx context.Context) ([]*pb.BatchResult, error) {
	if len(b.questions) == 0 {
		return nil, nil
	}
	name := b.Vectors.collection(b.collection)
	request := &pb.QueryBatchPoints{CollectionName: name}
	for _, q := range b.questions {
		q.query.CollectionName = name
		request.QueryPoints = append(request.QueryPoints, q.query)
	}
	answer, err := b.client.Points().QueryBatch(ctx, request)
	return answer.GetResult(), err
}

func (b *batch) dropUnknown(ctx context.Context) error {
	var examples []stores.ID
	for _, q := range b.questions {
		if q.byExample() {
			examples = append(examples, q.search.Like)
		}
	}
	known, err := b.known(ctx, b.scope, b.collection, examples)
	b.questions = slices.DeleteFunc(b.questions, func(q question) bool {
		return q.byExample() && !slices.Contains(known, q.search.Like)
	})
	return err
}

// query is a search as the server takes it; nil when it can find nothing.
func (v *Vectors) query(s stores.Scope, search stores.Search) (*pb.QueryPoints, error) {
	translated, err := filter(search.Where)
	if err != nil {
		return nil, err
	}
	conditions, possible := translated.conditions()
	words := searchedWords(search.Text)
	nothing := search.Text != "" && len(words.indices) == 0 && !search.Hybrid()
	if !possible || nothing || search.Threshold > math.MaxFloat32 {
		return nil, nil
	}
	f := v.within(s, conditions...)
	q := &pb.QueryPoints{Limit: new(uint64(search.Limit)), WithPayload: pb.NewWithPayloadInclude(idKey, scopeKey)}
	if search.Threshold > 0 {
		q.ScoreThreshold = new(float32(search.Threshold * (1 - slack)))
	}
	switch {
	case search.Hybrid():
		candidates := uint64(stores.Candidates(search.Limit, v.hybridPrefetch))
		q.Query = pb.NewQueryFusion(pb.Fusion_RRF)
		q.Prefetch = []*pb.PrefetchQuery{{
			Query: pb.NewQueryDense(unit(search.Vector)), Using: new(v.dense()), Filter: f, Limit: &candidates,
			ScoreThreshold: new(float32(0)), // the server takes what is above it
		}}
		if len(words.indices) > 0 {
			q.Prefetch = append(q.Prefetch, &pb.PrefetchQuery{
				Query: pb.NewQuerySparse(words.indices, words.values), Using: new(wordsVector), Filter: f, Limit: &candidates,
			})
		}
	case search.Text != "":
		q.Query, q.Using, q.Filter = pb.NewQuerySparse(words.indices, words.values), new(wordsVector), f
	case search.Like != "":
		q.Query, q.Using, q.Filter = pb.NewQueryID(pointID(s, search.Like)), new(v.dense()), f
	default:
		q.Query, q.Using, q.Filter = pb.NewQueryDense(unit(search.Vector)), new(v.dense()), f
	}
	return q, nil
}

// slack is how far the server's threshold lies below the wanted one, in parts of it: it computes with 32 bits, and what
// is just below is sorted out here.
const slack = 1e-5

// hits reads the points of an answer and puts them in order.
func (b *batch) hits(search stores.Search, points []*pb.ScoredPoint) ([]stores.Hit, error) {
	hits := make([]stores.Hit, 0, len(points))
	byWords := search.Text != "" && !search.Hybrid()
	for _, p := range points {
		id, err := b.ours(b.scope, p.GetPayload())
		if err != nil {
			return nil, err
		}
		h := stores.Hit{ID: id, Score: float64(p.GetScore())}
		if !byWords {
			h.Score = rounded(max(0, min(1, h.Score)))
		}
		if h.Score >= search.Threshold && (h.Score > 0 || !byWords) {
			hits = append(hits, h)
		}
	}
	slices.SortFunc(hits, stores.CompareHits)
	return hits, nil
}

// rounded drops the digits that 32 bits do not carry, so that equal vectors have equal scores however they were added up.
func rounded(score float64) float64 { return math.Round(score*1e6) / 1e6 }
