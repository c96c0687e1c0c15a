package sqlite

import (
	"encoding/binary"
	"math"

	"github.com/tphakala/simd/pkg/simd/cpu"
	"github.com/tphakala/simd/pkg/simd/f32"
)

// accelerated says that the processor has instructions the SIMD package knows how to use.
var accelerated = cpu.X86.SSE2 || cpu.ARM64.NEON

// dot is the inner product of two vectors of one length. It is the only place that knows the SIMD package.
func dot(a, b []float32) float32 {
	if accelerated {
		return f32.DotProduct(a, b)
	}
	return dotUnrolled(a, b)
}

// dotUnrolled keeps eight sums at once, so that one addition need not wait for the one before.
func dotUnrolled(a, b []float32) float32 {
	b = b[:len(a)]
	var s [8]float32
	for len(a) >= 8 {
		x, y := (*[8]float32)(a), (*[8]float32)(b)
		s[0] += x[0] * y[0]
		s[1] += x[1] * y[1]
		s[2] += x[2] * y[2]
		s[3] += x[3] * y[3]
		s[4] += x[4] * y[4]
		s[5] += x[5] * y[5]
		s[6] += x[6] * y[6]
		s[7] += x[7] * y[7]
		a, b = a[8:], b[8:]
	}
	sum := (s[0] + s[4]) + (s[1] + s[5]) + (s[2] + s[6]) + (s[3] + s[7])
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// normalise scales v in place to length 1 and says whether that is possible: the zero vector has no direction.
func normalise(v []float32) bool {
	var squares float64
	for _, x := range v {
		squares += float64(x) * float64(x)
	}
	if squares == 0 {
		return false
	}
	scale := 1 / math.Sqrt(squares)
	for i, x := range v {
		v[i] = float32(float64(x) * scale)
	}
	return true
}

// encodeVector is how a vector lies in the database: little-endian float32.
func encodeVector(v []float32) []byte {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// appendVector decodes what encodeVector wrote onto the end of v.
func appendVector(v []float32, b []byte) []float32 {
	for ; len(b) >= 4; b = b[4:] {
		v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return v
}
