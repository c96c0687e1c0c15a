package stores

import (
	"cmp"
	"slices"
)

// fusionConstant is k of reciprocal rank fusion. Qdrant takes 2, which favours the first ranks more than the 60 of the
// paper; all engines do as it does, so that scores agree.
const fusionConstant = 2

// HybridPrefetch is how many candidates per wanted hit each ranking of a hybrid search brings, unless an engine is told
// otherwise.
const HybridPrefetch = 1.5

// Candidates is how many hits each ranking of a hybrid search brings: perHit times the limit, and never fewer than that.
func Candidates(limit int, perHit float64) int { return max(limit, int(float64(limit)*perHit)) }

// FuseRanks joins rankings by reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): a point scores
// Σ 1 / (2 + rank) over the rankings that have it, ranks from 0. Two rankings give scores of at most 1. What comes out is
// ordered as answers are: best first, ties by id.
func FuseRanks(rankings ...[]Hit) []Hit {
	scores := map[ID]float64{}
	for _, ranking := range rankings {
		for rank, hit := range ranking {
			scores[hit.ID] += 1 / float64(fusionConstant+rank)
		}
	}
	fused := make([]Hit, 0, len(scores))
	for id, score := range scores {
		fused = append(fused, Hit{ID: id, Score: score})
	}
	slices.SortFunc(fused, CompareHits)
	return fused
}

// CompareHits orders hits as answers list them: by falling score, then by id.
func CompareHits(a, b Hit) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
}
