package sqlite

import (
	"container/heap"
	"context"
	"runtime"
	"slices"
	"sync"

	"thalamus/stores"
)

// question is one dense search on its way through the rows of a collection.
type question struct {
	unit      []float32 // what to look for, of length 1; none finds nothing
	like      stores.ID // the point whose vector it is, which does not count; may be empty
	where     stores.Filter
	threshold float64
	best      best
}

// best keeps the best hits seen so far, at most limit of them, as a heap with the worst on top.
type best struct {
	limit int
	hits  []stores.Hit
}

func (b *best) Len() int           { return len(b.hits) }
func (b *best) Less(i, j int) bool { return stores.CompareHits(b.hits[i], b.hits[j]) > 0 }
func (b *best) Swap(i, j int)      { b.hits[i], b.hits[j] = b.hits[j], b.hits[i] }
func (b *best) Push(x any)         { b.hits = append(b.hits, x.(stores.Hit)) }
func (b *best) Pop() any           { panic("sqlite: hits are replaced, never popped") }

func (b *best) offer(h stores.Hit) {
	switch {
	case len(b.hits) < b.limit:
		heap.Push(b, h)
	case stores.CompareHits(h, b.hits[0]) < 0:
		b.hits[0] = h
		heap.Fix(b, 0)
	}
}

// ranked is the answer.
func (b *best) ranked() []stores.Hit {
	slices.SortFunc(b.hits, stores.CompareHits)
	return b.hits
}

const (
	// parallelWork is how many multiplications make a second goroutine worth its start: about a quarter millisecond.
	parallelWork = 1 << 20
	// scanStride is how many rows are scanned between two looks at the context.
	scanStride = 1024
)

// scan puts all rows before all questions in one pass, so that each row is fetched from memory once. Large blocks are
// shared out among the processors.
func (b *block) scan(ctx context.Context, questions []*question) error {
	rows := len(b.ids)
	workers := min(runtime.GOMAXPROCS(0), 1+rows*b.dimension*len(questions)/parallelWork)
	if workers <= 1 {
		return b.scanRows(ctx, 0, rows, questions)
	}
	parts := make([][]*question, workers)
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		for _, q := range questions {
			part := *q
			part.best = best{limit: q.best.limit}
			parts[w] = append(parts[w], &part)
		}
		wait.Go(func() { errs[w] = b.scanRows(ctx, w*rows/workers, (w+1)*rows/workers, parts[w]) })
	}
	wait.Wait()
	for w, part := range parts {
		if errs[w] != nil {
			return errs[w]
		}
		for i, q := range part {
			for _, h := range q.best.hits {
				questions[i].best.offer(h)
			}
		}
	}
	return nil
}

func (b *block) scanRows(ctx context.Context, from, to int, questions []*question) error {
	row := from
	value := func(f stores.Field) any { return b.payloads[row][f] }
	for ; row < to; row++ {
		if (row-from)%scanStride == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		id, unit := b.ids[row], b.unit(row)
		for _, q := range questions {
			if len(q.unit) != b.dimension || id == q.like || !q.where.Match(value) {
				continue
			}
			if score := min(max(float64(dot(unit, q.unit)), 0), 1); score >= q.threshold {
				q.best.offer(stores.Hit{ID: id, Score: score})
			}
		}
	}
	return nil
}
