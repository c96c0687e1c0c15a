package hashing

import "math"

// Kinds of features that are made of letters; equal letters of different kinds are different features.
const (
	kindWord uint64 = 1
	kindGram uint64 = 2
)

// FNV-1a (Fowler, Noll, Vo), 64 bits.
const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
)

// hashRunes is FNV-1a over code points instead of bytes, mixed so that every bit depends on every letter.
func hashRunes(kind uint64, runes []rune) uint64 {
	h := (fnvOffset ^ kind) * fnvPrime
	for _, r := range runes {
		h = (h ^ uint64(r)) * fnvPrime
	}
	return mix(h)
}

// hashPair is the hash of two words in this order.
func hashPair(first, second uint64) uint64 { return mix(first*fnvPrime ^ second) }

// mix is the finalizer of MurmurHash3 (Appleby).
func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// bag counts features by hash, in open addressing. It walks them in the order they first came in, because a sum of floats
// depends on the order.
type bag struct {
	slots []feature // a power of two of them, at least a quarter empty
	order []uint32  // the slots in use
}

// feature is zero in an unused slot; count says which.
type feature struct {
	hash   uint64
	weight float32 // sum over all occurrences
	count  uint32
}

const firstSlots = 1024

// keptSlots is the most a bag keeps for the next text, 1 MiB, so that one huge text does not hold its memory for ever.
const keptSlots = 1 << 16

func (b *bag) reset() {
	if len(b.slots) == 0 || len(b.slots) > keptSlots {
		b.slots, b.order = make([]feature, firstSlots), b.order[:0]
		return
	}
	for _, i := range b.order {
		b.slots[i] = feature{}
	}
	b.order = b.order[:0]
}

func (b *bag) add(hash uint64, weight float32) {
	if 4*len(b.order) >= 3*len(b.slots) {
		b.grow()
	}
	i := b.find(hash)
	f := &b.slots[i]
	if f.count == 0 {
		f.hash = hash
		b.order = append(b.order, i)
	}
	f.weight += weight
	f.count++
}

// find is the slot of a hash, or the free one where it belongs.
func (b *bag) find(hash uint64) uint32 {
	mask := uint32(len(b.slots) - 1)
	// The low bits choose the dimension; the slot takes others, to be independent of it.
	i := uint32(hash>>32) & mask
	for b.slots[i].count != 0 && b.slots[i].hash != hash {
		i = (i + 1) & mask
	}
	return i
}

func (b *bag) grow() {
	old := b.slots
	b.slots = make([]feature, 2*len(old))
	for n, i := range b.order {
		to := b.find(old[i].hash)
		b.slots[to] = old[i]
		b.order[n] = to
	}
}

// each calls f with every feature and its mean weight times the square root of its count.
func (b *bag) each(f func(hash uint64, weight float32)) {
	for _, i := range b.order {
		s := &b.slots[i]
		f(s.hash, s.weight/float32(math.Sqrt(float64(s.count))))
	}
}
