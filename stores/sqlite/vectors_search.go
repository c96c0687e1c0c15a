package sqlite

import (
	"context"
	"math"
	"slices"

	"thalamus/stores"
)

func (v vectors) Search(ctx context.Context, s stores.Scope, searches []stores.Search) ([][]stores.Hit, error) {
	if err := v.db.usable(ctx); err != nil {
		return nil, err
	}
	searches = slices.Clone(searches)
	for i := range searches {
		var err error
		if searches[i], err = searches[i].Check(); err != nil {
			return nil, err
		}
	}
	if err := v.checkDimension(ctx, searches); err != nil {
		return nil, err
	}
	byWords := make([][]stores.Hit, len(searches))
	byMeaning := make([]*question, len(searches))
	questions := map[stores.Collection][]*question{}
	for i, search := range searches {
		if search.Text != "" {
			var err error
			if byWords[i], err = v.db.keywords(ctx, cornerOf(s, search.Collection), leg(search)); err != nil {
				return nil, err
			}
		}
		if search.Text == "" || search.Hybrid() {
			byMeaning[i] = newQuestion(leg(search))
			questions[search.Collection] = append(questions[search.Collection], byMeaning[i])
		}
	}
	for c, together := range questions {
		if err := v.db.dense(ctx, cornerOf(s, c), together); err != nil {
			return nil, err
		}
	}
	answers := make([][]stores.Hit, len(searches))
	for i, search := range searches {
		switch {
		case search.Hybrid():
			answers[i] = fuse(search, byMeaning[i].best.ranked(), byWords[i])
		case byMeaning[i] != nil:
			answers[i] = byMeaning[i].best.ranked()
		default:
			answers[i] = byWords[i]
		}
	}
	return answers, nil
}

// leg is what each ranking of a hybrid search is asked, more than its limit and any score at all; other searches are
// asked as they are.
func leg(s stores.Search) stores.Search {
	if s.Hybrid() {
		s.Limit, s.Threshold = stores.Candidates(s.Limit, stores.HybridPrefetch), math.SmallestNonzeroFloat64
	}
	return s
}

// fuse is the answer of a hybrid search.
func fuse(s stores.Search, rankings ...[]stores.Hit) []stores.Hit {
	hits := stores.FuseRanks(rankings...)
	hits = slices.DeleteFunc(hits, func(h stores.Hit) bool { return h.Score < s.Threshold })
	return hits[:min(s.Limit, len(hits))]
}

func newQuestion(s stores.Search) *question {
	q := &question{like: s.Like, where: s.Where, threshold: s.Threshold, best: best{limit: s.Limit}}
	if unit := slices.Clone(s.Vector); normalise(unit) {
		q.unit = unit
	}
	return q
}

// checkDimension refuses vectors that another embedder made.
func (v vectors) checkDimension(ctx context.Context, searches []stores.Search) error {
	if !slices.ContainsFunc(searches, func(s stores.Search) bool { return len(s.Vector) > 0 }) {
		return nil
	}
	m, err := v.Model(ctx)
	if err != nil || m.Dimension == 0 {
		return err
	}
	for _, s := range searches {
		if len(s.Vector) == 0 {
			continue
		}
		if err := m.CheckDimension(s.Vector); err != nil {
			return err
		}
	}
	return nil
}
