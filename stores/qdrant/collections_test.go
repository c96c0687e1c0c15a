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
	name := qdrant.DenseVector(stores.Model{Name: "test", Dimension: 4})
	dense := map[string]*pb.VectorParams{name: {Size: 4, Distance: pb.Distance_Cosine}}
	words := pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{"words": {Modifier: pb.Modifier_Idf.Enum()}})
	for says, create := range map[string]*pb.CreateCollection{
		"Thalamus did not make it":                      {VectorsConfig: pb.NewVectorsConfigMap(dense), SparseVectorsConfig: words},
		`it has no vectors named "dense_"… and "words"`: {VectorsConfig: pb.NewVectorsConfig(dense[name]), SparseVectorsConfig: words, Metadata: mine},
		"it does not weight words by their rarity":      {VectorsConfig: pb.NewVectorsConfigMap(dense), Metadata: mine, SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{"words": {}})},
		"it compares vectors by Euclid, not by Cosine":  {Metadata: mine, SparseVectorsConfig: words, VectorsConfig: pb.NewVectorsConfigMap(map[string]*pb.VectorParams{name: {Size: 4, Distance: pb.Distance_Euclid}})},
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

// TestOtherEmbedder has two gateways, of which one makes all vectors anew by another embedder. The other one must neither
// find nor write anything among those, even when they are as long as its own.
func TestOtherEmbedder(t *testing.T) {
	for _, anew := range []stores.Model{{Name: "wider", Dimension: 5}, {Name: "another", Dimension: model.Dimension}} {
		t.Run(anew.Name, func(t *testing.T) {
			own := ownURL(t)
			v, other := open(t, own), open(t, own)
			must(t, v.Bind(t.Context(), model))
			p := numbered(1, "amber")
			must(t, v.Upsert(t.Context(), alice, episodes, p))
			must(t, other.Reset(t.Context(), anew))
			mine := numbered(1, "amber")
			mine[0].ID, mine[0].Vector = p[0].ID, make([]float32, anew.Dimension)
			mine[0].Vector[0] = 1
			must(t, other.Upsert(t.Context(), alice, episodes, mine))
			_, searched := v.Search(t.Context(), alice, []stores.Search{{Collection: episodes, Vector: p[0].Vector, Limit: 1}})
			_, alike := v.Search(t.Context(), alice, []stores.Search{{Collection: episodes, Like: p[0].ID, Limit: 1}})
			_, got := v.Get(t.Context(), alice, episodes, []stores.ID{p[0].ID})
			for what, err := range map[string]error{
				"upsert": v.Upsert(t.Context(), alice, episodes, p), "search": searched, "search by example": alike, "get": got,
				"SetVectors": v.SetVectors(t.Context(), alice, episodes, map[stores.ID][]float32{p[0].ID: p[0].Vector}),
			} {
				if !errors.Is(err, stores.ErrUnavailable) || errors.Is(err, stores.ErrInvalid) || !strings.Contains(err.Error(), "made anew by another embedder, "+anew.Name) {
					t.Errorf("%s with the old embedder: %v", what, err)
				}
			}
			if err := v.Bind(t.Context(), model); !errors.Is(err, stores.ErrConflict) {
				t.Errorf("Bind with the old embedder: %v", err)
			}
			if n, err := other.Count(t.Context(), alice, episodes, stores.Filter{}); n != 1 || err != nil {
				t.Errorf("%d points, %v", n, err)
			}
		})
	}
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
		VectorsConfig:       pb.NewVectorsConfigMap(map[string]*pb.VectorParams{qdrant.DenseVector(stores.Model{Name: model.Name, Dimension: 4}): {Size: 4, Distance: pb.Distance_Cosine}}),
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
