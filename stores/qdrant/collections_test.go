package qdrant_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	pb "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"thalamus/stores"
	"thalamus/stores/qdrant"
)

// nameOf is the name of the collection of episodes under a URL.
func nameOf(t *testing.T, address string) string {
	u, err := url.Parse(address)
	must(t, err)
	return u.Query().Get("prefix") + string(episodes)
}

// TestOtherCollections wants Open to refuse collections that are not what it needs, to leave them alone, and to say what to do.
func TestOtherCollections(t *testing.T) {
	mine := map[string]*pb.Value{"made_by": pb.NewValueString("thalamus"), "embedder": pb.NewValueString("test")}
	dense := map[string]*pb.VectorParams{"dense": {Size: 4, Distance: pb.Distance_Cosine}}
	words := pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{"words": {Modifier: pb.Modifier_Idf.Enum()}})
	for says, create := range map[string]*pb.CreateCollection{
		"Thalamus did not make it":                     {VectorsConfig: pb.NewVectorsConfigMap(dense), SparseVectorsConfig: words},
		`it has no vectors named "dense" and "words"`:  {VectorsConfig: pb.NewVectorsConfig(dense["dense"]), SparseVectorsConfig: words, Metadata: mine},
		"it does not weight words by their rarity":     {VectorsConfig: pb.NewVectorsConfigMap(dense), Metadata: mine, SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{"words": {}})},
		"it compares vectors by Euclid, not by Cosine": {Metadata: mine, SparseVectorsConfig: words, VectorsConfig: pb.NewVectorsConfigMap(map[string]*pb.VectorParams{"dense": {Size: 4, Distance: pb.Distance_Euclid}})},
	} {
		t.Run(says, func(t *testing.T) {
			own := ownURL(t)
			create.CollectionName = nameOf(t, own)
			v := open(t, own)
			_, err := v.Client().Collections().Create(t.Context(), create)
			must(t, err)
			_, opened := qdrant.Open(t.Context(), own, qdrant.Options{})
			for what, err := range map[string]error{"Open": opened, "Bind": v.Bind(t.Context(), model), "Reset": v.Reset(t.Context(), model)} {
				if !errors.Is(err, stores.ErrInvalid) || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "?prefix=") {
					t.Errorf("%s: error %v", what, err)
				}
			}
			_, err = v.Client().Collections().Get(t.Context(), &pb.GetCollectionInfoRequest{CollectionName: create.CollectionName})
			must(t, err)
		})
	}
}

// TestModelSurvives opens again and looks from another gateway.
func TestModelSurvives(t *testing.T) {
	own := ownURL(t)
	v := open(t, own)
	if m, err := v.Model(t.Context()); err != nil || m != (stores.Model{}) {
		t.Errorf("model of a new server: %v, %v", m, err)
	}
	must(t, v.Bind(t.Context(), model))
	if m, err := open(t, own).Model(t.Context()); err != nil || m != model {
		t.Errorf("model seen by another gateway: %v, %v", m, err)
	}
	facts, err := v.Facts(t.Context())
	must(t, err)
	if facts.Product == "" || facts.Version == "" || strings.Count(facts.Schema, "points)") != 4 || facts.Pool.Taken == 0 || facts.Pool.Open != 1 {
		t.Errorf("facts %+v", facts)
	}
}

// TestOtherDimension has two gateways, of which one goes over to another embedder.
func TestOtherDimension(t *testing.T) {
	own := ownURL(t)
	v, other := open(t, own), open(t, own)
	must(t, v.Bind(t.Context(), model))
	p := numbered(1, "amber")
	must(t, v.Upsert(t.Context(), alice, episodes, p))
	must(t, other.Reset(t.Context(), stores.Model{Name: "wider", Dimension: 5}))
	_, searched := v.Search(t.Context(), alice, []stores.Search{{Collection: episodes, Vector: p[0].Vector, Limit: 1}})
	for what, err := range map[string]error{
		"upsert": v.Upsert(t.Context(), alice, episodes, p), "search": searched, "Bind": v.Bind(t.Context(), model),
	} {
		if !errors.Is(err, stores.ErrInvalid) && !errors.Is(err, stores.ErrConflict) {
			t.Errorf("%s with the old embedder: %v", what, err)
		}
	}
	if n, err := other.Count(t.Context(), alice, episodes, stores.Filter{}); n != 0 || err != nil {
		t.Errorf("%d points, %v", n, err)
	}
	p[0].Vector = append(p[0].Vector, 1)
	must(t, v.Upsert(t.Context(), alice, episodes, p))
}

// TestLostCollection wants a name that fits no embedder when a collection is gone and others hold points, so that nobody
// takes the rest for the whole, and a new start when nothing is lost.
func TestLostCollection(t *testing.T) {
	own := ownURL(t)
	v := open(t, own)
	must(t, v.Bind(t.Context(), model))
	must(t, v.Upsert(t.Context(), alice, stores.CollectionTodos, numbered(1, "amber")))
	drop := func() {
		_, err := v.Client().Collections().Delete(t.Context(), &pb.DeleteCollection{CollectionName: nameOf(t, own)})
		must(t, err)
	}
	drop()
	m, err := v.Model(t.Context())
	if err != nil || m == model || m.Dimension == 0 || !strings.Contains(m.Name, "1 of 4 collections are missing") {
		t.Errorf("model without a collection: %v, %v", m, err)
	}
	err = v.Upsert(t.Context(), alice, episodes, numbered(1, "amber"))
	if !errors.Is(err, stores.ErrUnavailable) || !strings.Contains(err.Error(), "thalamus reembed") {
		t.Errorf("upsert into a lost collection: %v", err)
	}
	_, err = v.Search(t.Context(), alice, []stores.Search{{Collection: episodes, Like: stores.NewID(), Limit: 1}})
	if !errors.Is(err, stores.ErrUnavailable) {
		t.Errorf("search in a lost collection: %v", err)
	}
	must(t, v.Reset(t.Context(), model))
	drop()
	if m, err := v.Model(t.Context()); err != nil || m != (stores.Model{}) {
		t.Errorf("model without a collection and without points: %v, %v", m, err)
	}
	must(t, v.Bind(t.Context(), model))
	must(t, v.Upsert(t.Context(), alice, episodes, numbered(1, "amber")))
}

// TestInterruptedReset fails between deletion and creation; the next attempt completes it.
func TestInterruptedReset(t *testing.T) {
	v, other, f := openFaulty(t)
	must(t, v.Upsert(t.Context(), alice, episodes, numbered(2, "amber")))
	created := 0
	f.set(func(_ context.Context, method string, _ any, send func() error) error {
		if method == "Create" {
			if created++; created > 2 {
				return status.Error(codes.Unavailable, "gone")
			}
		}
		return send()
	})
	wider := stores.Model{Name: "wider", Dimension: 7}
	if err := v.Reset(t.Context(), wider); !errors.Is(err, stores.ErrUnavailable) {
		t.Fatal(err)
	}
	f.set(nil)
	if m, err := other.Model(t.Context()); err != nil || m != (stores.Model{}) {
		t.Errorf("model after an interrupted reset: %v, %v", m, err)
	}
	must(t, other.Reset(t.Context(), wider))
	if m, err := v.Model(t.Context()); err != nil || m != wider {
		t.Errorf("model after another reset: %v, %v", m, err)
	}
}

// TestNewIndexes opens collections that lack an index, as those of an older version may.
func TestNewIndexes(t *testing.T) {
	own := ownURL(t)
	v := open(t, own)
	name := nameOf(t, own)
	_, err := v.Client().Collections().Create(t.Context(), &pb.CreateCollection{
		CollectionName: name, Metadata: map[string]*pb.Value{"made_by": pb.NewValueString("thalamus"), "embedder": pb.NewValueString(model.Name)},
		VectorsConfig:       pb.NewVectorsConfigMap(map[string]*pb.VectorParams{"dense": {Size: 4, Distance: pb.Distance_Cosine}}),
		SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{"words": {Modifier: pb.Modifier_Idf.Enum()}}),
	})
	must(t, err)
	open(t, own)
	info, err := v.Client().Collections().Get(t.Context(), &pb.GetCollectionInfoRequest{CollectionName: name})
	must(t, err)
	schema := info.GetResult().GetPayloadSchema()
	if len(schema) != 3+len(stores.PointSpec.Fields) || !schema["_scope"].GetParams().GetKeywordIndexParams().GetIsTenant() ||
		schema["timestamp"].GetDataType() != pb.PayloadSchemaType_Datetime {
		t.Errorf("indexes %v", schema)
	}
}
