package limits

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"thalamus/graph/transport"
)

// The values of extensions.code of persisted operations; Apollo's clients know the first with its message.
const (
	CodePersistedNotFound = "PERSISTED_QUERY_NOT_FOUND"
	CodeNotAllowed        = "OPERATION_NOT_ALLOWED"
)

// How many documents clients may have kept here, and how many bytes of them.
const (
	keptDocuments = 1000
	keptBytes     = 16 << 20
)

// Persisted lets a request name its document by its hash, in Apollo's way: extensions.persistedQuery holds version 1 and
// sha256Hash. With a list of allowed documents it knows these, and refuses any other. Without one it keeps what clients
// send together with a hash, once its [Keeper] has seen that the document is valid and within the limits, for as long as
// there is room. It belongs in front of the [Guard], so that what it fills in is measured, too.
type Persisted struct {
	automatic bool
	allowed   map[string]string // text by hash; nil: all are

	mu    sync.Mutex
	kept  *simplelru.LRU[string, string]
	bytes int
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
} = (*Persisted)(nil)

// NewPersisted holds clients to the allowed documents, if it is given any. Otherwise automatic says whether it keeps the
// documents of clients.
func NewPersisted(allowed []string, automatic bool) *Persisted {
	p := &Persisted{automatic: automatic && allowed == nil}
	p.kept, _ = simplelru.NewLRU(keptDocuments, func(_, text string) { p.bytes -= len(text) }) // fails for a size of 0 only
	if allowed != nil {
		p.allowed = make(map[string]string, len(allowed))
	}
	for _, text := range allowed {
		p.allowed[hashOf(text)] = text
	}
	return p
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ExtensionName is, like Validate, of an extension of gqlgen.
func (*Persisted) ExtensionName() string { return "Persisted" }

// Validate accepts every schema.
func (*Persisted) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters fills in the document that a request names, and refuses a hash of another document, an unknown
// one, and a document that is not allowed.
func (p *Persisted) MutateOperationParameters(_ context.Context, request *graphql.RawParams) *gqlerror.Error {
	hash, named, err := named(request.Extensions)
	switch {
	case err != nil:
		return err
	case p.allowed != nil:
		return p.allow(request, hash)
	case !named:
		return nil
	case request.Query == "" && !p.automatic:
		return coded(transport.CodePersistedQuery, "PersistedQueryNotSupported")
	case request.Query == "":
		return p.find(request, hash)
	case hashOf(request.Query) != hash:
		return coded(transport.CodeBadRequest, "The sha256Hash of persistedQuery is not that of the query.")
	}
	return nil
}

// named reads the hash out of the extensions of a request.
func named(extensions map[string]any) (hash string, ok bool, _ *gqlerror.Error) {
	value, given := extensions["persistedQuery"]
	if !given {
		return "", false, nil
	}
	fields, _ := value.(map[string]any)
	hash, ok = fields["sha256Hash"].(string)
	if n, known := whole(fields["version"]); !ok || !known || n != 1 {
		return "", false, coded(transport.CodeBadRequest, `persistedQuery must be {"version": 1, "sha256Hash": "…"}.`)
	}
	return hash, true, nil
}

func (p *Persisted) allow(request *graphql.RawParams, hash string) *gqlerror.Error {
	if request.Query != "" {
		hash = hashOf(request.Query)
	}
	text, ok := p.allowed[hash]
	if !ok {
		return coded(CodeNotAllowed, "This gateway runs the operations of its list only, and this document is none of them.")
	}
	request.Query = text
	return nil
}

func (p *Persisted) find(request *graphql.RawParams, hash string) *gqlerror.Error {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, ok := p.kept.Get(hash)
	if !ok {
		return coded(CodePersistedNotFound, "PersistedQueryNotFound")
	}
	request.Query = text
	return nil
}

// Keeper keeps documents for a [Persisted]. It belongs behind everything that refuses operations.
type Keeper struct{ For *Persisted }

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = Keeper{}

// ExtensionName is, like Validate, of an extension of gqlgen.
func (Keeper) ExtensionName() string { return "Keeper" }

// Validate accepts every schema.
func (Keeper) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext keeps a document that was sent with its hash; it changes nothing.
func (k Keeper) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	if hash, ok, _ := named(op.Extensions); ok && k.For.automatic {
		k.For.keep(hash, op.RawQuery)
	}
	return nil
}

// keep makes room by letting go what was not used for longest.
func (p *Persisted) keep(hash, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept.Contains(hash) {
		return
	}
	p.kept.Add(hash, text)
	for p.bytes += len(text); p.bytes > keptBytes; {
		p.kept.RemoveOldest()
	}
}
