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
		if err := checkSearch(&searches[i]); err != nil {
			return nil, err
		}
	}
	answers := make([][]stores.Hit, len(searches))
	questions := map[stores.Collection][]*question{}
	asked := make([]*question, len(searches))
	for i, search := range searches {
		if search.Text != "" {
			var err error
			if answers[i], err = v.db.keywords(ctx, cornerOf(s, search.Collection), search); err != nil {
				return nil, err
			}
			continue
		}
		asked[i] = newQuestion(search)
		questions[search.Collection] = append(questions[search.Collection], asked[i])
	}
	if err := v.checkDimension(ctx, searches); err != nil {
		return nil, err
	}
	for c, together := range questions {
		if err := v.db.dense(ctx, cornerOf(s, c), together); err != nil {
			return nil, err
		}
	}
	for i, q := range asked {
		if q != nil {
			answers[i] = q.best.ranked()
		}
	}
	return answers, nil
}

// checkSearch refuses what cannot be asked and normalises the filter.
func checkSearch(s *stores.Search) (err error) {
	ways := 0
	for _, given := range []bool{len(s.Vector) > 0, s.Like != "", s.Text != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return stores.Invalid("search", "needs exactly one of vector, like and text")
	case s.Limit < 1 || s.Limit > stores.MaxHits:
		return stores.Invalid("limit", "must be between 1 and %d", stores.MaxHits)
	case math.IsNaN(s.Threshold) || s.Threshold < 0 || s.Text == "" && s.Threshold > 1:
		return stores.Invalid("threshold", "must be between 0 and 1")
	case !finite(s.Vector):
		return stores.Invalid("vector", "must hold finite numbers only")
	}
	s.Where, err = stores.PointSpec.Check(s.Where)
	return err
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
		if n := len(s.Vector); n > 0 && n != m.Dimension {
			return wrongDimension(n, m.Dimension)
		}
	}
	return nil
}
