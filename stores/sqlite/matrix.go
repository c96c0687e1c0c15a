package sqlite

import (
	lru "container/list"
	"maps"
	"slices"
	"sync"

	"thalamus/stores"
)

// MaxMatrixBytes is how much memory the vectors may take at first; see [DB.LimitMatrix].
const MaxMatrixBytes = 1 << 30

// rowOverhead is about what a row takes beside its vector: id, payload and the way from one to the other.
const rowOverhead = 600

// corner is where a search looks: one collection of one scope.
type corner struct{ scope, collection string }

// vectorState is what the vectors keep in memory: the blocks of the corners that were searched lately. Its zero value is
// ready for use.
//
// A block is only a copy. Writers never touch it: after their commit they say which ids have changed, and the next
// search reads those rows again. So it does not matter in which order two commits are heard of, and what was rolled
// back is never seen.
type vectorState struct {
	mu     sync.Mutex
	blocks map[corner]*block
	recent lru.List // of *block, most recently used first
	bytes  int64    // of all blocks
	limit  int64    // 0: MaxMatrixBytes
}

// block holds the vectors of one corner, scaled to length 1, row after row. Points with the zero vector are left out.
type block struct {
	corner corner

	mu        sync.RWMutex // held for reading by scans, for writing while rows are read from the database
	loaded    bool
	oversize  bool // too many rows for memory: scan the database instead
	dimension int  // 0 while nothing was ever stored
	units     []float32
	ids       []stores.ID
	payloads  []map[stores.Field]any
	rows      map[stores.ID]int

	// The rest is guarded by the state's mutex.
	dirty   map[stores.ID]bool // changed since the rows were read
	reload  bool               // too much has changed: read everything again
	bytes   int64
	element *lru.Element // nil once the block is given up
}

// LimitMatrix sets how many bytes of vectors may stay in memory. Collections of a scope that were not searched for the
// longest time make room for others; one that does not fit by itself is read from disk by every search (about
// thirty times slower).
func (db *DB) LimitMatrix(bytes int64) {
	s := &db.vectors
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limit = bytes
	s.dropAll()
}

func (s *vectorState) max() int64 {
	if s.limit == 0 {
		return MaxMatrixBytes
	}
	return s.limit
}

// dropAll gives up every block.
func (s *vectorState) dropAll() {
	for _, b := range s.blocks {
		s.drop(b)
	}
}

func (s *vectorState) drop(b *block) {
	delete(s.blocks, b.corner)
	s.recent.Remove(b.element)
	s.bytes -= b.bytes
	b.element = nil
}

// forget makes later searches read everything again.
func (s *vectorState) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropAll()
}

// block is the block of a corner, new and empty when there is none. From here on it hears of changes.
func (s *vectorState) block(c corner) *block {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.blocks[c]
	if b == nil {
		if s.blocks == nil {
			s.blocks = map[corner]*block{}
		}
		b = &block{corner: c, dirty: map[stores.ID]bool{}}
		s.blocks[c] = b
		b.element = s.recent.PushFront(b)
	}
	s.recent.MoveToFront(b.element)
	return b
}

// changed notes that points of a corner were written or deleted.
func (s *vectorState) changed(c corner, ids []stores.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.blocks[c]
	if b == nil {
		return
	}
	for _, id := range ids {
		b.dirty[id] = true
	}
	if len(b.dirty) > maxDirty {
		b.reload = true
		clear(b.dirty)
	}
}

// maxDirty is how many changed ids a block remembers before it is simply read again.
const maxDirty = 10_000

// pending says whether a block has changes to read.
func (s *vectorState) pending(b *block) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return b.reload || len(b.dirty) > 0
}

// take hands over the changes that a block has to read.
func (s *vectorState) take(b *block) (ids []stores.ID, reload bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, reload = slices.Collect(maps.Keys(b.dirty)), b.reload
	clear(b.dirty)
	b.reload = false
	return ids, reload
}

// charge accounts for the memory of a block and makes room for it at the cost of others. It is false, and the block
// counts nothing, when the block would not fit even by itself.
func (s *vectorState) charge(b *block, rows, dimension int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	bytes := int64(rowOverhead) + int64(rows)*int64(4*dimension+rowOverhead)
	fits := bytes <= s.max()
	if !fits {
		bytes = rowOverhead
	}
	if b.element == nil { // given up meanwhile: it lives as long as the searches that hold it
		return fits
	}
	s.bytes += bytes - b.bytes
	b.bytes = bytes
	for last := s.recent.Back(); s.bytes > s.max() && last != b.element; last = s.recent.Back() {
		s.drop(last.Value.(*block))
	}
	return fits
}

func (b *block) unit(row int) []float32 {
	return b.units[row*b.dimension : (row+1)*b.dimension]
}

// reset empties a block and makes room for n rows.
func (b *block) reset(dimension, n int) {
	b.dimension = dimension
	b.units = make([]float32, 0, n*dimension)
	b.ids = make([]stores.ID, 0, n)
	b.payloads = make([]map[stores.Field]any, 0, n)
	b.rows = make(map[stores.ID]int, n)
}

// clear empties a block and keeps its room.
func (b *block) clear() {
	b.units, b.ids, b.payloads = b.units[:0], b.ids[:0], b.payloads[:0]
	clear(b.rows)
}

// put inserts or replaces a row; vector is as it lies in the database.
func (b *block) put(id stores.ID, payload map[stores.Field]any, vector []byte) {
	if len(vector) != 4*b.dimension {
		b.remove(id)
		return
	}
	row, known := b.rows[id]
	if known {
		appendVector(b.units[:row*b.dimension], vector)
	} else {
		row = len(b.ids)
		b.units = appendVector(b.units, vector)
		b.ids = append(b.ids, id)
		b.payloads = append(b.payloads, nil)
		b.rows[id] = row
	}
	b.payloads[row] = payload
	if !normalise(b.unit(row)) {
		b.remove(id)
	}
}

// remove takes a row out; the last one moves to its place.
func (b *block) remove(id stores.ID) {
	row, known := b.rows[id]
	if !known {
		return
	}
	last := len(b.ids) - 1
	copy(b.unit(row), b.unit(last))
	b.ids[row], b.payloads[row] = b.ids[last], b.payloads[last]
	b.rows[b.ids[row]] = row
	delete(b.rows, id)
	b.units, b.ids, b.payloads = b.units[:last*b.dimension], b.ids[:last], b.payloads[:last]
	b.payloads[:last+1][last] = nil
}
