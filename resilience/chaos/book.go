package chaos

import (
	"encoding/base64"
	"strings"
	"sync"

	"thalamus/stores"
)

// book is what was promised: every acknowledged write.
type book struct {
	mu     sync.Mutex
	nodes  map[stores.Scope]map[stores.ID]*entry
	keys   []promised
	counts map[string]int // acknowledged writes, by mutation

	refused, resent, unanswered int
	wrong                       []string // answers that no gateway may give
}

// entry is what was acknowledged of one node.
type entry struct {
	ref      stores.Ref
	texts    map[int]string // by version; of versions whose text is known
	versions int            // acknowledged writes: the version that it must have
	uses     int            // of an edge
	mentions []stores.ID    // of an episode
	ends     []stores.ID    // of an edge
	next     stores.ID      // of an entity: the one that superseded it
	gone     bool
	shared   bool
}

// promised is a request that was answered under a key.
type promised struct {
	scope    stores.Scope
	key      string
	mutation mutation
	first    payload
	refs     []stores.ID // the nodes that the answer shows
}

func newBook() *book {
	return &book{nodes: map[stores.Scope]map[stores.ID]*entry{}, counts: map[string]int{}}
}

// note writes down that a version of a node was acknowledged. Two writes cannot be the same version.
func (b *book) note(s stores.Scope, ref stores.Ref, version int, text string) *entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := b.entry(s, ref)
	e.versions++
	if other, taken := e.texts[version]; taken {
		b.wrong = append(b.wrong, complain("%s %s: both %q and %q were acknowledged as version %d", ref.Kind, ref.ID, other, text, version))
	}
	e.texts[version] = text
	return e
}

func (b *book) entry(s stores.Scope, ref stores.Ref) *entry {
	if b.nodes[s] == nil {
		b.nodes[s] = map[stores.ID]*entry{}
	}
	e := b.nodes[s][ref.ID]
	if e == nil {
		e = &entry{ref: ref, texts: map[int]string{}}
		b.nodes[s][ref.ID] = e
	}
	return e
}

// change changes what is known of nodes.
func (b *book) change(fn func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fn()
}

// forget writes down that a node is gone, and with it the edges that it had.
func (b *book) forget(s stores.Scope, id stores.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.nodes[s] {
		e.gone = e.gone || e.ref.ID == id
		for _, end := range e.ends {
			e.gone = e.gone || end == id
		}
	}
}

func (b *book) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wrong = append(b.wrong, complain(format, args...))
}

// total is how many writes were acknowledged.
func (b *book) total() int {
	n := 0
	for _, count := range b.counts {
		n += count
	}
	return n
}

// refOf reads a global id: "kind:id" in base64.
func refOf(global string) stores.Ref {
	text, _ := base64.RawURLEncoding.DecodeString(global) // what is none names no node
	kind, id, _ := strings.Cut(string(text), ":")
	return stores.Ref{Kind: stores.Kind(kind), ID: stores.ID(id)}
}

// global is what [refOf] reads.
func global(ref stores.Ref) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(ref.Kind) + ":" + string(ref.ID)))
}
