package sqlite

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"thalamus/stores"
)

func TestDotAgreesWithPlainLoop(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		a, b := make([]float32, n), make([]float32, n)
		var want, size float64
		for i := range a {
			a[i], b[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
			want += float64(a[i]) * float64(b[i])
			size += math.Abs(float64(a[i]) * float64(b[i]))
		}
		for name, got := range map[string]float32{"dot": dot(a, b), "unrolled": dotUnrolled(a, b)} {
			if math.Abs(float64(got)-want) > size*1e-6 {
				t.Errorf("%s of %d: %v, want %v", name, n, got, want)
			}
		}
	}
}

func TestNormaliseExtremes(t *testing.T) {
	for _, v := range [][]float32{{1e-30, 0}, {3e38, 3e38}, {math.SmallestNonzeroFloat32, 0}, {-5}} {
		if !normalise(v) {
			t.Errorf("%v has a direction", v)
		}
		if length := math.Sqrt(float64(dot(v, v))); math.Abs(length-1) > 1e-6 {
			t.Errorf("%v has length %v", v, length)
		}
	}
	if normalise([]float32{0, 0}) || normalise(nil) {
		t.Error("the zero vector has no direction")
	}
}

// TestChargeMakesRoom: the blocks that were used longest ago go first, and what they took is given back.
func TestChargeMakesRoom(t *testing.T) {
	const dimension, rows = 10, 10
	each := int64(rowOverhead + rows*(4*dimension+rowOverhead))
	s := &vectorState{limit: 3 * each}
	open := func(name string, rows int) bool {
		return s.charge(s.block(corner{scope: name}), rows, dimension)
	}
	resident := func() (names []string) {
		for _, b := range s.blocks {
			names = append(names, b.corner.scope)
		}
		slices.Sort(names)
		return names
	}
	for _, name := range []string{"a", "b", "c", "a", "d"} {
		if !open(name, rows) {
			t.Fatalf("%s does not fit", name)
		}
	}
	if got := resident(); !slices.Equal(got, []string{"a", "c", "d"}) || s.bytes != 3*each {
		t.Errorf("%v are in memory, %d bytes", got, s.bytes)
	}
	if open("huge", 4*rows) {
		t.Error("a block larger than the limit fits")
	}
	if s.bytes > s.limit {
		t.Errorf("%d bytes of %d", s.bytes, s.limit)
	}
	s.forget()
	if len(s.blocks) != 0 || s.bytes != 0 || s.recent.Len() != 0 {
		t.Errorf("%d blocks, %d bytes left", len(s.blocks), s.bytes)
	}
}

// TestBlockHearsOfChanges: few changes are read one by one, too many all at once.
func TestBlockHearsOfChanges(t *testing.T) {
	var s vectorState
	c := corner{scope: "a"}
	s.changed(c, []stores.ID{"nobody listens"})
	b := s.block(c)
	if s.pending(b) {
		t.Error("a new block has heard of changes before it")
	}
	s.changed(c, []stores.ID{"1", "2", "1"})
	ids, reload := s.take(b)
	if slices.Sort(ids); !slices.Equal(ids, []stores.ID{"1", "2"}) || reload || s.pending(b) {
		t.Errorf("took %v, %v", ids, reload)
	}
	for range maxDirty + 1 {
		s.changed(c, []stores.ID{stores.NewID()})
	}
	if ids, reload := s.take(b); len(ids) > 0 || !reload {
		t.Errorf("took %d ids, %v", len(ids), reload)
	}
}

func TestBlockRows(t *testing.T) {
	b := &block{}
	b.reset(2, 0)
	put := func(id stores.ID, x, y float32) { b.put(id, nil, encodeVector([]float32{x, y})) }
	put("a", 3, 4)
	put("zero", 0, 0)
	put("b", 0, 2)
	put("c", 5, 0)
	put("a", 0, 1)
	put("c", 0, 0) // has lost its direction
	b.remove("unknown")
	put("d", 1, 0)
	b.remove("a")
	if !slices.Equal(b.ids, []stores.ID{"d", "b"}) || !slices.Equal(b.units, []float32{1, 0, 0, 1}) || len(b.rows) != 2 ||
		b.rows["d"] != 0 || b.rows["b"] != 1 || len(b.payloads) != 2 {
		t.Errorf("%v %v %v", b.ids, b.units, b.rows)
	}
}
