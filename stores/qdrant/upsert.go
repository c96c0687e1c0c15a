package qdrant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	pb "github.com/qdrant/go-client/qdrant"
	"golang.org/x/sync/errgroup"

	"thalamus/stores"
)

// chunk is how many points or operations one request writes.
const chunk = 100

// undoTime is how long undoing a batch may take. It does not end with the call that failed, which may have been for lack
// of time.
const undoTime = 30 * time.Second

// Upsert writes points, in requests of a hundred of which several run at a time. A single request is one operation of
// the server. When one of several fails, those that run are waited for and all are undone: points that were there get
// back what they held, others are deleted, and what somebody else wrote meanwhile is left alone. When that fails, too,
// the error says so. After a lost connection it is not known whether the last request was done; upserts can be repeated.
func (v *Vectors) Upsert(ctx context.Context, s stores.Scope, c stores.Collection, points []stores.Point) error {
	if err := v.usable(ctx); err != nil || len(points) == 0 {
		return err
	}
	points = latest(points)
	batch := ""
	if len(points) > chunk {
		batch = string(stores.NewID())
	}
	encoded := make([]*pb.PointStruct, len(points))
	vectors := make([][]float32, len(points))
	for i, p := range points {
		var err error
		if encoded[i], err = encodePoint(s, p, v.dense(), batch); err != nil {
			return err
		}
		vectors[i] = p.Vector
	}
	if err := v.checkDimension(ctx, vectors...); err != nil {
		return err
	}
	if batch == "" {
		return v.put(ctx, c, encoded)
	}
	w := writing{Vectors: v, scope: s, collection: c, batch: batch}
	for some := range slices.Chunk(encoded, chunk) {
		w.parts = append(w.parts, &part{points: some})
	}
	return w.run(ctx)
}

// latest leaves out points that a later one of the same id replaces.
func latest(points []stores.Point) []stores.Point {
	last := make(map[stores.ID]int, len(points))
	for i, p := range points {
		last[p.ID] = i
	}
	if len(last) == len(points) {
		return points
	}
	out := make([]stores.Point, 0, len(last))
	for i, p := range points {
		if last[p.ID] == i {
			out = append(out, p)
		}
	}
	return out
}

func (v *Vectors) put(ctx context.Context, c stores.Collection, points []*pb.PointStruct) error {
	_, err := v.client.Points().Upsert(ctx, &pb.UpsertPoints{CollectionName: v.collection(c), Wait: new(true), Points: points})
	return v.remade(ctx, err)
}

// writing is an upsert of several requests.
type writing struct {
	*Vectors
	scope      stores.Scope
	collection stores.Collection
	batch      string // marks what it wrote
	parts      []*part
}

// part is one of its requests.
type part struct {
	points  []*pb.PointStruct
	before  []*pb.PointStruct // those that were there
	started bool              // so it may be done, whatever came back
}

func (w *writing) run(ctx context.Context) error {
	var failed atomic.Bool
	var group errgroup.Group // one without a context: a request that is cut off leaves it open whether it was done
	group.SetLimit(w.concurrency)
	for _, p := range w.parts {
		if failed.Load() {
			break
		}
		group.Go(func() error {
			if failed.Load() {
				return nil
			}
			err := w.write(ctx, p)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	err := group.Wait()
	if err == nil {
		return nil
	}
	return w.undoAfter(ctx, err)
}

// write reads what a part will replace, then writes it.
func (w *writing) write(ctx context.Context, p *part) error {
	ids := make([]*pb.PointId, len(p.points))
	for i, point := range p.points {
		ids[i] = point.GetId()
	}
	found, err := w.fetch(ctx, w.scope, w.collection, ids, pb.NewWithVectors(true))
	if err != nil {
		return err
	}
	for _, r := range found {
		p.before = append(p.before, stored(r))
	}
	p.started = true
	return w.put(ctx, w.collection, p.points)
}

// stored is a point that was read, as it can be written again.
func stored(r *pb.RetrievedPoint) *pb.PointStruct {
	vectors := map[string]*pb.Vector{}
	for name, out := range r.GetVectors().GetVectors().GetVectors() {
		if s := out.GetSparseVector(); s != nil {
			vectors[name] = pb.NewVectorSparse(s.GetIndices(), s.GetValues())
		} else {
			vectors[name] = pb.NewVectorDense(out.GetDenseVector().GetData())
		}
	}
	return &pb.PointStruct{Id: r.GetId(), Payload: r.GetPayload(), Vectors: pb.NewVectorsMap(vectors)}
}

// undoAfter undoes every part that was started, and gives the error of the whole.
func (w *writing) undoAfter(ctx context.Context, failure error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTime)
	defer cancel()
	var errs []error
	left := 0
	for _, p := range w.parts {
		if !p.started {
			continue
		}
		if err := w.undo(ctx, p); err != nil {
			errs = append(errs, err)
			left += len(p.points)
		}
	}
	if len(errs) == 0 {
		return failure
	}
	undone := errors.Join(errs...)
	w.log.ErrorContext(ctx, "an upsert failed half-way and could not be undone", "backend", Name,
		"collection", w.Vectors.collection(w.collection), "batch", w.batch, "points", left, "error", failure, "undoing", undone)
	return &stores.Error{
		Kind: stores.ErrUnavailable, Backend: Name, Cause: errors.Join(failure, undone),
		Message: fmt.Sprintf("the upsert failed half-way and could not be undone: up to %d of its points may be stored as they were meant to be; write them again", left),
	}
}

// undo touches only points that still are what the batch made of them.
func (w *writing) undo(ctx context.Context, p *part) error {
	var fresh []*pb.PointId
	for _, point := range p.points {
		if !slices.ContainsFunc(p.before, func(b *pb.PointStruct) bool { return b.GetId().GetUuid() == point.GetId().GetUuid() }) {
			fresh = append(fresh, point.GetId())
		}
	}
	ofBatch := pb.NewMatchKeyword(batchKey, w.batch)
	if len(fresh) > 0 {
		_, err := w.client.Points().Delete(ctx, &pb.DeletePoints{
			CollectionName: w.Vectors.collection(w.collection), Wait: new(true),
			Points: pb.NewPointsSelectorFilter(w.within(w.scope, pb.NewHasID(fresh...), ofBatch)),
		})
		if err != nil {
			return err
		}
	}
	if len(p.before) == 0 {
		return nil
	}
	_, err := w.client.Points().Upsert(ctx, &pb.UpsertPoints{
		CollectionName: w.Vectors.collection(w.collection), Wait: new(true), Points: p.before,
		UpdateFilter: w.within(w.scope, ofBatch), UpdateMode: pb.UpdateMode_UpdateOnly.Enum(),
	})
	return err
}
