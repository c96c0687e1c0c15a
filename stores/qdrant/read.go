package qdrant

import (
	"context"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"

	"thalamus/stores"
)

// How many points one request reads or names.
const (
	wholePoints = 100  // with vector and text
	pageOfIDs   = 1000 // ids only
)

// Get reads points by their ids.
func (v *Vectors) Get(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) (map[stores.ID]stores.Point, error) {
	if err := v.usable(ctx); err != nil {
		return nil, err
	}
	dense, out := v.dense(), make(map[stores.ID]stores.Point, len(ids))
	for some := range slices.Chunk(distinct(ids), wholePoints) {
		found, err := v.fetch(ctx, s, c, pointIDs(s, some), pb.NewWithVectorsInclude(dense))
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			p, err := decodePoint(r, dense)
			if err != nil {
				return nil, v.remade(ctx, stores.Unavailable(Name, err))
			}
			out[p.ID] = p
		}
	}
	return out, nil
}

// fetch reads whole points by the server's ids.
func (v *Vectors) fetch(ctx context.Context, s stores.Scope, c stores.Collection, ids []*pb.PointId, vectors *pb.WithVectorsSelector) ([]*pb.RetrievedPoint, error) {
	answer, err := v.client.Points().Scroll(ctx, &pb.ScrollPoints{
		CollectionName: v.collection(c), Filter: v.within(s, pb.NewHasID(ids...)), Limit: new(uint32(len(ids))),
		WithPayload: pb.NewWithPayload(true), WithVectors: vectors,
	})
	if err != nil {
		return nil, err
	}
	for _, r := range answer.GetResult() {
		if _, err := v.ours(s, r.GetPayload()); err != nil {
			return nil, err
		}
	}
	return answer.GetResult(), nil
}

// Count counts exactly.
func (v *Vectors) Count(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter) (int, error) {
	if err := v.usable(ctx); err != nil {
		return 0, err
	}
	translated, err := filter(where)
	if err != nil {
		return 0, err
	}
	conditions, possible := translated.conditions()
	if !possible {
		return 0, nil
	}
	return v.count(ctx, c, v.within(s, conditions...))
}

func (v *Vectors) count(ctx context.Context, c stores.Collection, f *pb.Filter) (int, error) {
	answer, err := v.client.Points().Count(ctx, &pb.CountPoints{CollectionName: v.collection(c), Filter: f, Exact: new(true)})
	return int(answer.GetResult().GetCount()), err
}

// Scroll pages through ids in their order. The server orders by numbers, so it is asked for the first 52 bits of ids,
// which for UUIDs of version 7 is the millisecond they were made in; those that share them are read together and sorted here.
func (v *Vectors) Scroll(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter, after stores.ID, limit int) ([]stores.ID, error) {
	if err := v.usable(ctx); err != nil {
		return nil, err
	}
	if limit < 1 {
		return nil, stores.Invalid("limit", "must be at least 1")
	}
	translated, err := filter(where)
	if err != nil {
		return nil, err
	}
	conditions, possible := translated.conditions()
	if !possible {
		return nil, nil
	}
	w := walk{v, s, c, conditions}
	var found []stores.ID
	next := int64(0)
	if after != "" {
		at, err := orderOf(after)
		if err != nil {
			return nil, err
		}
		beside, err := w.group(ctx, at)
		if err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(beside, func(id stores.ID) bool { return id <= after })
		next = at + 1
	}
	for len(found) < limit {
		want := min(limit-len(found), pageOfIDs)
		page, err := w.from(ctx, next, want)
		if err != nil {
			return nil, err
		}
		if len(page) < want { // there are no more
			found = append(found, page...)
			break
		}
		last, err := orderOf(page[len(page)-1])
		if err != nil {
			return nil, err
		}
		group, err := w.group(ctx, last) // of which the page may have only some
		if err != nil {
			return nil, err
		}
		whole, _ := slices.BinarySearch(page, group[0])
		found, next = append(append(found, page[:whole]...), group...), last+1
	}
	return found[:min(limit, len(found))], nil
}

// walk is a way through the ids of a scope that match.
type walk struct {
	*Vectors
	scope      stores.Scope
	collection stores.Collection
	where      []*pb.Condition
}

// from is the first ids whose number is at least the given one, in order.
func (w walk) from(ctx context.Context, order int64, limit int) ([]stores.ID, error) {
	ids, _, err := w.ids(ctx, &pb.ScrollPoints{
		Filter: w.within(w.scope, w.where...), Limit: new(uint32(limit)),
		OrderBy: &pb.OrderBy{Key: orderKey, StartFrom: pb.NewStartFromInt(order)},
	})
	slices.Sort(ids)
	return ids, err
}

// group is all ids of one number, in order.
func (w walk) group(ctx context.Context, order int64) ([]stores.ID, error) {
	request := &pb.ScrollPoints{
		Filter: w.within(w.scope, append(slices.Clone(w.where), pb.NewMatchInt(orderKey, order))...), Limit: new(uint32(pageOfIDs)),
	}
	var all []stores.ID
	for {
		ids, following, err := w.ids(ctx, request)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
		if following == nil {
			slices.Sort(all)
			return all, nil
		}
		request.Offset = following
	}
}

// ids makes a request for ids, and says where the next page begins.
func (w walk) ids(ctx context.Context, request *pb.ScrollPoints) ([]stores.ID, *pb.PointId, error) {
	request.CollectionName, request.WithPayload = w.Vectors.collection(w.collection), pb.NewWithPayloadInclude(idKey, scopeKey)
	answer, err := w.client.Points().Scroll(ctx, request)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]stores.ID, len(answer.GetResult()))
	for i, r := range answer.GetResult() {
		if ids[i], err = w.ours(w.scope, r.GetPayload()); err != nil {
			return nil, nil, err
		}
	}
	return ids, answer.GetNextPageOffset(), nil
}

// known is which of the ids are stored.
func (v *Vectors) known(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) ([]stores.ID, error) {
	var all []stores.ID
	for some := range slices.Chunk(distinct(ids), pageOfIDs) {
		w := walk{Vectors: v, scope: s, collection: c}
		found, _, err := w.ids(ctx, &pb.ScrollPoints{Filter: v.within(s, pb.NewHasID(pointIDs(s, some)...)), Limit: new(uint32(len(some)))})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func distinct(ids []stores.ID) []stores.ID {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}
