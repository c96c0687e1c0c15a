package stores

import "context"

// Collection names a set of points that are searched together, one per noun that has an embedding.
type Collection string

// Collections.
const (
	CollectionEpisodes   Collection = "episodes"
	CollectionEntities   Collection = "entities"
	CollectionProcedures Collection = "procedures"
	CollectionTodos      Collection = "todos"
)

// Collections maps each noun that has an embedding to its points.
var Collections = map[Kind]Collection{
	KindEpisode: CollectionEpisodes, KindEntity: CollectionEntities, KindProcedure: CollectionProcedures, KindTodo: CollectionTodos,
}

// Point is a derived copy of a noun that can be found by likeness: a dense vector, a text for keyword search, and the
// payload needed to filter. Payload values are string, float64, bool or time.Time.
type Point struct {
	ID      ID
	Vector  []float32
	Text    string
	Payload map[Field]any
}

// PointSpec is what the payload of points may hold.
var PointSpec = Spec{
	Kind: "Point",
	Fields: map[Field]Type{
		"sessionId": Text, "timestamp": Time, "type": Text, "outcome": Text, "domain": Text, "deprecated": Bool,
		"status": Text, "urgency": Number, "validFrom": Time, "validTo": Time,
	},
}

// Search asks one collection for the points most like something: Vector and Like search by meaning (cosine similarity of
// dense vectors), Text by keywords. Exactly one of them is set, or both Vector and Text: such a hybrid search ranks in
// either way and fuses the rankings, see [FuseRanks]. For the former it counts only what has a positive similarity.
type Search struct {
	Collection Collection
	Vector     []float32
	Like       ID     // a stored point, which is left out of its own answer; one that is unknown finds nothing
	Text       string // words; a point matches when it has any of them
	Where      Filter // on the payload
	Limit      int
	Threshold  float64 // least score; for dense and hybrid searches, 0..1
}

// Hit is a found point. The score of a dense search is the cosine similarity cut to 0..1, equal for equal vectors in
// every engine; that of a keyword search is positive and comparable within one answer only; that of a hybrid search is
// made of ranks, see [FuseRanks].
type Hit struct {
	ID    ID
	Score float64
}

// VectorFeatures is what an engine can do.
type VectorFeatures struct {
	Dense       bool
	Keywords    bool
	Hybrid      bool
	TextFilters bool // filters may ask for the order and for parts of texts: gt, gte, lt, lte, contains, startsWith
	MaxBatch    int  // points per upsert that the engine takes at once; larger batches are split
}

// MaxHits is the largest Limit of a search.
const MaxHits = 1000

// Vectors is an engine that finds points by likeness (role: vectors). All of it is derived data.
type Vectors interface {
	// Upsert inserts or replaces points. All vectors of an engine come from one embedder; see Model.
	Upsert(ctx context.Context, s Scope, c Collection, points []Point) error
	Get(ctx context.Context, s Scope, c Collection, ids []ID) (map[ID]Point, error)
	// Search runs many searches in one call. Answer i belongs to search i: best first, ties by id. Which of several points
	// with the score of the last one are within the limit is up to the engine.
	Search(ctx context.Context, s Scope, searches []Search) ([][]Hit, error)
	// Scroll pages through the ids of a collection in id order.
	Scroll(ctx context.Context, s Scope, c Collection, where Filter, after ID, limit int) ([]ID, error)
	Count(ctx context.Context, s Scope, c Collection, where Filter) (int, error)
	// SetPayload merges keys into the payload of points; unknown ids are passed over.
	// A nil value takes its key out.
	SetPayload(ctx context.Context, s Scope, c Collection, payload map[ID]map[Field]any) error
	// SetVectors replaces the dense vectors of points and leaves text and payload alone; unknown ids are passed over.
	SetVectors(ctx context.Context, s Scope, c Collection, vectors map[ID][]float32) error
	Delete(ctx context.Context, s Scope, c Collection, ids []ID) (int, error)
	DeleteWhere(ctx context.Context, s Scope, c Collection, where Filter) (int, error)
	// Model is the embedder that made the stored vectors; the zero Model while there are none.
	Model(ctx context.Context) (Model, error)
	// Bind names the embedder of an engine that has none yet. One that has it already is left alone, with all that was
	// stored meanwhile, so gateways may start side by side; one that is bound to another embedder is [ErrConflict].
	Bind(ctx context.Context, m Model) error
	// Reset deletes every vector of every scope and binds the engine to another embedder.
	Reset(ctx context.Context, m Model) error
	Features() VectorFeatures
}

// Model names an embedder and the length of its vectors.
type Model struct {
	Name      string
	Dimension int
}

// Embedder turns texts into vectors (role: embedder). Equal texts give equal vectors.
type Embedder interface {
	// Embed answers with one unit-length vector per text, in order; a text without any word may give the zero vector.
	Embed(ctx context.Context, texts []string) ([][]float32, error)
	Model() Model
}

// Copies are vectors of texts that are kept besides the nodes they stand for, to spare the embedder (role: cache).
type Copies interface {
	// Forget erases the copies of texts and says how many there were.
	Forget(ctx context.Context, texts []string) (int, error)
	// Kept says of how many texts there is a copy.
	Kept(ctx context.Context, texts []string) (int, error)
}
