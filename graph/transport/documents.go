package transport

import (
	"container/list"
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// maxCachedDocument is the length in bytes of the longest document worth keeping. Those of real clients are far
// shorter; a flood of long ones must not fill the memory.
const maxCachedDocument = 32 << 10

// documents keeps the parsed and validated documents used most recently.
type documents struct {
	limit int

	mu     sync.Mutex
	recent *list.List // of *document, the most recent first
	byText map[string]*list.Element
}

type document struct {
	text   string
	parsed *ast.QueryDocument
}

var _ graphql.Cache[*ast.QueryDocument] = (*documents)(nil)

func newDocuments(limit int) *documents {
	return &documents{limit: limit, recent: list.New(), byText: make(map[string]*list.Element)}
}

// Get returns the document parsed from text, if it is kept.
func (c *documents) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, found := c.byText[text]
	if !found {
		return nil, false
	}
	c.recent.MoveToFront(element)
	return element.Value.(*document).parsed, true
}

// Add keeps a document, and lets go the one that was not used for longest when there are too many.
func (c *documents) Add(_ context.Context, text string, parsed *ast.QueryDocument) {
	if len(text) > maxCachedDocument {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if element, found := c.byText[text]; found {
		c.recent.MoveToFront(element)
		return
	}
	c.byText[text] = c.recent.PushFront(&document{text, parsed})
	if c.recent.Len() > c.limit {
		oldest := c.recent.Back()
		delete(c.byText, c.recent.Remove(oldest).(*document).text)
	}
}
