package qdrant

import (
	"context"
	"maps"
	"slices"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/protobuf/proto"

	"thalamus/stores"
)

// SetPayload merges keys into payloads. Points that get the same are changed by one operation, and up to a hundred
// operations go into one request. When a later request fails, what earlier ones merged stays: do it again.
func (v *Vectors) SetPayload(ctx context.Context, s stores.Scope, c stores.Collection, payload map[stores.ID]map[stores.Field]any) error {
	if err := v.usable(ctx); err != nil {
		return err
	}
	type change struct {
		payload map[string]*pb.Value
		ids     []stores.ID
	}
	changes := map[string]*change{}
	for id, fields := range payload {
		encoded, err := encodePayload(fields, true)
		if err != nil {
			return err
		}
		if len(encoded) == 0 {
			continue
		}
		key, err := proto.MarshalOptions{Deterministic: true}.Marshal(&pb.Struct{Fields: encoded})
		if err != nil {
			return stores.Invalid("payload", "holds what cannot be sent")
		}
		if changes[string(key)] == nil {
			changes[string(key)] = &change{payload: encoded}
		}
		changes[string(key)].ids = append(changes[string(key)].ids, id)
	}
	var operations []*pb.PointsUpdateOperation
	for _, key := range slices.Sorted(maps.Keys(changes)) {
		for some := range slices.Chunk(changes[key].ids, pageOfIDs) {
			operations = append(operations, pb.NewPointsUpdateSetPayload(&pb.PointsUpdateOperation_SetPayload{
				Payload:        changes[key].payload,
				PointsSelector: pb.NewPointsSelectorFilter(v.within(s, pb.NewHasID(pointIDs(s, some)...))),
			}))
		}
	}
	for some := range slices.Chunk(operations, chunk) {
		_, err := v.client.Points().UpdateBatch(ctx, &pb.UpdateBatchPoints{CollectionName: v.collection(c), Wait: new(true), Operations: some})
		if err != nil {
			return err
		}
	}
	return nil
}

// SetVectors replaces dense vectors, a hundred per request. When a later request fails, what earlier ones replaced stays:
// do it again.
func (v *Vectors) SetVectors(ctx context.Context, s stores.Scope, c stores.Collection, vectors map[stores.ID][]float32) error {
	if err := v.usable(ctx); err != nil {
		return err
	}
	for _, vector := range vectors {
		if err := stores.CheckVector(vector); err != nil {
			return err
		}
	}
	if err := v.checkDimension(ctx, slices.Collect(maps.Values(vectors))...); err != nil {
		return err
	}
	for some := range slices.Chunk(slices.Sorted(maps.Keys(vectors)), chunk) {
		if err := v.setVectors(ctx, s, c, some, vectors); err != nil {
			return err
		}
	}
	return nil
}

func (v *Vectors) setVectors(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID, vectors map[stores.ID][]float32) error {
	known, err := v.known(ctx, s, c, ids) // the server takes an unknown one for a mistake
	if err != nil || len(known) == 0 {
		return err
	}
	points := make([]*pb.PointVectors, len(known))
	for i, id := range known {
		points[i] = &pb.PointVectors{
			Id: pointID(s, id), Vectors: pb.NewVectorsMap(map[string]*pb.Vector{v.dense(): pb.NewVectorDense(unit(vectors[id]))}),
		}
	}
	_, err = v.client.Points().UpdateVectors(ctx, &pb.UpdatePointVectors{
		CollectionName: v.collection(c), Wait: new(true), Points: points, UpdateFilter: v.within(s),
	})
	if missing(err) { // a point was deleted meanwhile, and the others are done; or else the collection was
		_, err = v.known(ctx, s, c, known)
	}
	return v.remade(ctx, err)
}

// Delete deletes points by id. Its count is of just before: two deletions of one point at the same moment may both count it.
func (v *Vectors) Delete(ctx context.Context, s stores.Scope, c stores.Collection, ids []stores.ID) (int, error) {
	if err := v.usable(ctx); err != nil {
		return 0, err
	}
	deleted := 0
	for some := range slices.Chunk(distinct(ids), pageOfIDs) {
		n, err := v.remove(ctx, c, v.within(s, pb.NewHasID(pointIDs(s, some)...)))
		deleted += n
		if err != nil {
			return deleted, err
		}
	}
	return deleted, nil
}

// DeleteWhere deletes what matches, in one request, and counts as [Vectors.Delete] does.
func (v *Vectors) DeleteWhere(ctx context.Context, s stores.Scope, c stores.Collection, where stores.Filter) (int, error) {
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
	return v.remove(ctx, c, v.within(s, conditions...))
}

func (v *Vectors) remove(ctx context.Context, c stores.Collection, f *pb.Filter) (int, error) {
	n, err := v.count(ctx, c, f)
	if err != nil || n == 0 {
		return 0, err
	}
	_, err = v.client.Points().Delete(ctx, &pb.DeletePoints{CollectionName: v.collection(c), Wait: new(true), Points: pb.NewPointsSelectorFilter(f)})
	if err != nil {
		return 0, err
	}
	return n, nil
}
