package qdrant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	pb "github.com/qdrant/go-client/qdrant"

	"thalamus/stores"
)

// Names of the vectors of a point. That of the dense one goes on with a mark of the embedder: a gateway that has another
// embedder than the one that made what is there now, since it was running while another made all vectors anew, asks for a
// vector that there is not, and the server refuses it.
const (
	densePrefix = "dense_"
	wordsVector = "words"
)

func denseVector(m stores.Model) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", m.Name, m.Dimension))
	return densePrefix + hex.EncodeToString(sum[:4])
}

// dense is the name of the dense vector of the embedder that this engine is bound to.
func (v *Vectors) dense() string {
	if m := v.model.Load(); m != nil {
		return denseVector(*m)
	}
	return densePrefix
}

// remade finds out whether the server refused a request because the vectors are now those of another embedder.
func (v *Vectors) remade(ctx context.Context, err error) error {
	bound := v.model.Load()
	if bound == nil || !errors.Is(err, stores.ErrInvalid) && !errors.Is(err, errNoVector) && !missing(err) {
		return err
	}
	found, failed := v.describeAll(ctx)
	i := slices.IndexFunc(found, func(d *description) bool { return d.model != *bound })
	if failed != nil || i < 0 {
		return err
	}
	now := found[i].model
	return &stores.Error{
		Kind: stores.ErrUnavailable, Backend: Name, Answered: true, Cause: errors.New(err.Error()), // whose kind is another
		Message: fmt.Sprintf("the vectors were made anew by another embedder, %s (dimension %d): start this gateway anew with that one", now.Name, now.Dimension),
	}
}

// errNoVector is of a point that lacks the dense vector.
var errNoVector = errors.New("the point has no vector of this embedder")

// Keys of a collection's metadata.
const (
	madeByKey   = "made_by" // says that the collection is ours
	madeBy      = "thalamus"
	embedderKey = "embedder"
)

// collections lists every collection, in a stable order.
var collections = []stores.Collection{
	stores.CollectionEpisodes, stores.CollectionEntities, stores.CollectionProcedures, stores.CollectionTodos,
}

// description is what there is to know of a collection on the server.
type description struct {
	name    string
	model   stores.Model
	points  uint64 // about
	indexes map[string]*pb.PayloadSchemaInfo
}

// describe looks at a collection; nil when there is none. One that Thalamus cannot work with is refused.
func (v *Vectors) describe(ctx context.Context, c stores.Collection) (*description, error) {
	name := v.collection(c)
	answer, err := v.client.Collections().Get(ctx, &pb.GetCollectionInfoRequest{CollectionName: name})
	if missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	info := answer.GetResult()
	config := info.GetConfig()
	if config.GetMetadata()[madeByKey].GetStringValue() != madeBy {
		return nil, v.notOurs(name, "Thalamus did not make it")
	}
	model := stores.Model{Name: config.GetMetadata()[embedderKey].GetStringValue()}
	var dense *pb.VectorParams
	for key, params := range config.GetParams().GetVectorsConfig().GetParamsMap().GetMap() {
		of := stores.Model{Name: model.Name, Dimension: int(params.GetSize())}
		if key == denseVector(of) {
			dense, model = params, of
		}
	}
	words := config.GetParams().GetSparseVectorsConfig().GetMap()[wordsVector]
	switch {
	case dense == nil || words == nil:
		return nil, v.notOurs(name, fmt.Sprintf("it has no vectors named %q… and %q", densePrefix, wordsVector))
	case dense.GetDistance() != pb.Distance_Cosine:
		return nil, v.notOurs(name, fmt.Sprintf("it compares vectors by %s, not by Cosine", dense.GetDistance()))
	case words.GetModifier() != pb.Modifier_Idf:
		return nil, v.notOurs(name, "it does not weight words by their rarity (modifier idf)")
	}
	return &description{
		name: name, points: info.GetPointsCount(), indexes: info.GetPayloadSchema(), model: model,
	}, nil
}

func (v *Vectors) notOurs(name, why string) error {
	return &stores.Error{
		Kind: stores.ErrInvalid, Backend: Name,
		Message: fmt.Sprintf("the collection %q cannot be used: %s. Choose other names with ?prefix=… in the URL, or delete the collection", name, why),
	}
}

// describeAll looks at the collections that are there.
func (v *Vectors) describeAll(ctx context.Context) ([]*description, error) {
	var found []*description
	for _, c := range collections {
		d, err := v.describe(ctx, c)
		if err != nil {
			return nil, err
		}
		if d != nil {
			found = append(found, d)
		}
	}
	return found, nil
}

// Model is the embedder that the collections were made for. When they disagree, or when some are missing while others
// hold points (a reset was interrupted, or somebody deleted one), the name says so and fits no embedder, so that nobody
// takes what is left for the whole.
func (v *Vectors) Model(ctx context.Context) (stores.Model, error) {
	found, err := v.describeAll(ctx)
	if err != nil {
		return stores.Model{}, err
	}
	m := common(found)
	if m != (stores.Model{}) {
		v.model.CompareAndSwap(nil, &m)
	}
	return m, nil
}

func common(found []*description) stores.Model {
	var points uint64
	var names []string
	for _, d := range found {
		points += d.points
		names = append(names, fmt.Sprintf("%s (dimension %d)", d.model.Name, d.model.Dimension))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case len(names) > 1:
		return stores.Model{Name: strings.Join(names, " and "), Dimension: found[0].model.Dimension}
	case len(found) == len(collections):
		return found[0].model
	case points == 0:
		return stores.Model{}
	}
	m := found[0].model
	m.Name += fmt.Sprintf(" (%d of %d collections are missing)", len(collections)-len(found), len(collections))
	return m
}

// Bind creates the collections that are not there, with their indexes. Gateways that start together agree, since the
// server creates each collection once.
func (v *Vectors) Bind(ctx context.Context, m stores.Model) error {
	if err := v.checkModel(ctx, m); err != nil {
		return err
	}
	for _, c := range collections {
		d, err := v.describe(ctx, c)
		if err != nil {
			return err
		}
		if d == nil {
			if d, err = v.create(ctx, c, m); err != nil {
				return err
			}
		}
		if d.model != m {
			return stores.Conflict("the vectors in %q were made by %s (dimension %d)", d.name, d.model.Name, d.model.Dimension)
		}
		if err := v.index(ctx, d); err != nil {
			return err
		}
	}
	v.model.Store(&m)
	return nil
}

// Reset deletes the collections and creates them anew. For a moment there are none, and calls that are made in it fail.
func (v *Vectors) Reset(ctx context.Context, m stores.Model) error {
	if err := v.checkModel(ctx, m); err != nil {
		return err
	}
	found, err := v.describeAll(ctx)
	if err != nil {
		return err
	}
	for _, d := range found {
		_, err := v.client.Collections().Delete(ctx, &pb.DeleteCollection{CollectionName: d.name})
		if err != nil && !missing(err) {
			return err
		}
	}
	return v.Bind(ctx, m)
}

func (v *Vectors) checkModel(ctx context.Context, m stores.Model) error {
	if m.Dimension < 1 || m.Dimension > maxDimension {
		return stores.Invalid("dimension", "must be between 1 and %d", maxDimension)
	}
	return v.usable(ctx)
}

// maxDimension is the server's limit.
const maxDimension = 65536

// create makes a collection, or finds that somebody else just did.
//
// Every search asks for one scope, so no graph over all points is built (m 0), but one per scope (payload_m), as the
// vendor advises for many tenants.
func (v *Vectors) create(ctx context.Context, c stores.Collection, m stores.Model) (*description, error) {
	name := v.collection(c)
	_, failed := v.client.Collections().Create(ctx, &pb.CreateCollection{
		CollectionName: name,
		VectorsConfig: pb.NewVectorsConfigMap(map[string]*pb.VectorParams{
			denseVector(m): {Size: uint64(m.Dimension), Distance: pb.Distance_Cosine},
		}),
		SparseVectorsConfig: pb.NewSparseVectorsConfig(map[string]*pb.SparseVectorParams{
			wordsVector: {Modifier: pb.Modifier_Idf.Enum()},
		}),
		HnswConfig: &pb.HnswConfigDiff{M: new(uint64(0)), PayloadM: new(uint64(16))},
		Metadata: map[string]*pb.Value{
			madeByKey: pb.NewValueString(madeBy), embedderKey: pb.NewValueString(m.Name),
		},
	})
	d, err := v.describe(ctx, c)
	if err == nil && d == nil {
		err = fmt.Errorf("creating the collection %q: %w", name, errors.Join(failed, errNotThere))
	}
	return d, err
}

var errNotThere = stores.Unavailable(Name, errors.New("a collection that was just created is not there"))

// index creates the payload indexes that a collection lacks. The scope's says that it separates tenants, so that the
// points of one lie together.
func (v *Vectors) index(ctx context.Context, d *description) error {
	for _, field := range indexed() {
		if d.indexes[field.key] != nil {
			continue
		}
		create := &pb.CreateFieldIndexCollection{
			CollectionName: d.name, FieldName: field.key, FieldType: field.kind.Enum(), Wait: new(true),
		}
		if field.key == scopeKey {
			create.FieldIndexParams = pb.NewPayloadIndexParamsKeyword(&pb.KeywordIndexParams{IsTenant: new(true)})
		}
		if _, err := v.client.Points().CreateFieldIndex(ctx, create); err != nil {
			return err
		}
	}
	return nil
}

type indexedField struct {
	key  string
	kind pb.FieldType
}

// indexed lists the payload keys that requests ask for. Servers in strict mode refuse to be asked for any other.
func indexed() []indexedField {
	fields := []indexedField{
		{scopeKey, pb.FieldType_FieldTypeKeyword}, {orderKey, pb.FieldType_FieldTypeInteger}, {batchKey, pb.FieldType_FieldTypeKeyword},
	}
	for f, t := range stores.PointSpec.Fields {
		fields = append(fields, indexedField{string(f), map[stores.Type]pb.FieldType{
			stores.Text: pb.FieldType_FieldTypeKeyword, stores.Number: pb.FieldType_FieldTypeFloat,
			stores.Time: pb.FieldType_FieldTypeDatetime, stores.Bool: pb.FieldType_FieldTypeBool,
		}[t]})
	}
	return fields
}

// checkDimension refuses vectors of another length than the stored ones have.
func (v *Vectors) checkDimension(ctx context.Context, vectors ...[]float32) error {
	m := v.model.Load()
	if m == nil {
		seen, err := v.Model(ctx)
		if err != nil {
			return err
		}
		m = &seen
	}
	if m.Dimension == 0 {
		return stores.Unavailable(Name, errors.New("no collection was made yet: Bind comes first"))
	}
	for _, vector := range vectors {
		if err := m.CheckDimension(vector); err != nil {
			return err
		}
	}
	return nil
}
