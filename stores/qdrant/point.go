package qdrant

import (
	"crypto/sha1" //nolint:gosec // what RFC 9562 makes a UUID of version 5 of; nothing is kept secret by it
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	pb "github.com/qdrant/go-client/qdrant"

	"thalamus/stores"
)

// Keys of a point's payload beside the fields of [stores.PointSpec].
const (
	scopeKey = "_scope" // [stores.Scope.Key]
	idKey    = "_id"    // the id that the stores know
	orderKey = "_order" // its first 52 bits, by which ids can be listed in order; see [Vectors.Scroll]
	textKey  = "_text"
	batchKey = "_batch" // of the upsert that wrote the point, when it took several requests
)

// pointNamespace is the namespace of the UUIDs below, a random UUID.
var pointNamespace = [16]byte{0x8c, 0x1d, 0x0e, 0x6b, 0x5f, 0x5a, 0x4c, 0x0b, 0x9e, 0x55, 0x36, 0xd1, 0x0b, 0xe7, 0x2f, 0x94}

// pointID is the server's id of a point: a UUID of version 5 (RFC 9562 §5.5) of its scope and id. Ids are unique within a
// scope only, so the id itself would not do.
func pointID(scope stores.Scope, id stores.ID) *pb.PointId {
	h := sha1.New() //nolint:gosec // see above
	h.Write(pointNamespace[:])
	h.Write([]byte(scope.Key() + "/" + string(id)))
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	return pb.NewIDUUID(fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]))
}

func pointIDs(scope stores.Scope, ids []stores.ID) []*pb.PointId {
	out := make([]*pb.PointId, len(ids))
	for i, id := range ids {
		out[i] = pointID(scope, id)
	}
	return out
}

// orderOf is the first 52 bits of an id, which is what the server can order by exactly: it compares by floating point.
func orderOf(id stores.ID) (int64, error) {
	digits := strings.ReplaceAll(string(id), "-", "")
	if _, err := hex.DecodeString(digits); err != nil || len(digits) != 32 {
		return 0, stores.Invalid("id", "%q is not a UUID", string(id))
	}
	return strconv.ParseInt(digits[:13], 16, 64)
}

// encodePoint writes a point as the server keeps it; dense is the name of its dense vector.
func encodePoint(s stores.Scope, p stores.Point, dense, batch string) (*pb.PointStruct, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	payload, err := encodePayload(p.Payload, false)
	if err != nil {
		return nil, err
	}
	order, err := orderOf(p.ID)
	if err != nil {
		return nil, err
	}
	if !utf8.ValidString(p.Text) {
		return nil, stores.Invalid("text", "must be valid UTF-8")
	}
	payload[scopeKey], payload[idKey] = pb.NewValueString(s.Key()), pb.NewValueString(string(p.ID))
	payload[orderKey], payload[textKey] = pb.NewValueInt(order), pb.NewValueString(p.Text)
	if batch != "" {
		payload[batchKey] = pb.NewValueString(batch)
	}
	vectors := map[string]*pb.Vector{dense: pb.NewVectorDense(unit(p.Vector))}
	if words := indexedWords(p.Text); len(words.indices) > 0 {
		vectors[wordsVector] = pb.NewVectorSparse(words.indices, words.values)
	}
	return &pb.PointStruct{Id: pointID(s, p.ID), Payload: payload, Vectors: pb.NewVectorsMap(vectors)}, nil
}

// unit scales a vector to length 1, as the server would, but without overflow; the zero vector stays what it is.
func unit(v []float32) []float32 {
	var squares float64
	for _, x := range v {
		squares += float64(x) * float64(x)
	}
	if squares == 0 {
		return v
	}
	out, scale := make([]float32, len(v)), 1/math.Sqrt(squares)
	for i, x := range v {
		out[i] = float32(float64(x) * scale)
	}
	return out
}

// encodePayload refuses fields and values that [stores.PointSpec] does not know. A nil value becomes a null when nulls
// stand for keys to take out, and is left out otherwise.
func encodePayload(payload map[stores.Field]any, nulls bool) (map[string]*pb.Value, error) {
	out := make(map[string]*pb.Value, len(payload)+5)
	for field, value := range payload {
		t, known := stores.PointSpec.Fields[field]
		if !known {
			return nil, stores.Invalid("payload", "points have no field %q", field)
		}
		if value == nil {
			if nulls {
				out[string(field)] = pb.NewValueNull()
			}
			continue
		}
		encoded := encodeValue(t, value)
		if encoded == nil {
			return nil, stores.Invalid("payload."+string(field), "has a value that does not fit its type")
		}
		out[string(field)] = encoded
	}
	return out, nil
}

// encodeValue is nil when the value does not fit the type.
func encodeValue(t stores.Type, value any) *pb.Value {
	switch v := value.(type) {
	case string:
		if t == stores.Text && utf8.ValidString(v) {
			return pb.NewValueString(v)
		}
	case bool:
		if t == stores.Bool {
			return pb.NewValueBool(v)
		}
	case int:
		if t == stores.Number {
			return pb.NewValueDouble(float64(v))
		}
	case float64:
		if t == stores.Number && !math.IsNaN(v) && !math.IsInf(v, 0) {
			return pb.NewValueDouble(v)
		}
	case time.Time:
		if v = v.UTC().Truncate(time.Microsecond); t == stores.Time && !v.Before(firstInstant) && !v.After(lastInstant) {
			return pb.NewValueString(v.Format(timeLayout))
		}
	}
	return nil
}

// Instants are texts that the server reads as microseconds since 1970: exact from the year 1 to 9999, and readable.
const timeLayout = "2006-01-02T15:04:05.000000Z"

var (
	firstInstant = time.Time{}
	lastInstant  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// decodePoint reads what encodePoint wrote.
func decodePoint(r *pb.RetrievedPoint, dense string) (stores.Point, error) {
	p := stores.Point{
		ID: stores.ID(r.GetPayload()[idKey].GetStringValue()), Text: r.GetPayload()[textKey].GetStringValue(),
		Vector:  slices.Clone(r.GetVectors().GetVectors().GetVectors()[dense].GetDenseVector().GetData()),
		Payload: map[stores.Field]any{},
	}
	if len(p.Vector) == 0 {
		return p, fmt.Errorf("reading %s: %w", p.ID, errNoVector)
	}
	for field, t := range stores.PointSpec.Fields {
		value, err := decodeValue(t, r.GetPayload()[string(field)])
		if err != nil {
			return p, fmt.Errorf("reading %s of the point %s: %w", field, p.ID, err)
		}
		if value != nil {
			p.Payload[field] = value
		}
	}
	return p, nil
}

// decodeValue is nil for what is not there.
func decodeValue(t stores.Type, v *pb.Value) (any, error) {
	switch kind := v.GetKind().(type) {
	case *pb.Value_StringValue:
		if t != stores.Time {
			return kind.StringValue, nil
		}
		return time.Parse(time.RFC3339Nano, kind.StringValue)
	case *pb.Value_DoubleValue:
		return kind.DoubleValue, nil
	case *pb.Value_IntegerValue:
		return float64(kind.IntegerValue), nil
	case *pb.Value_BoolValue:
		return kind.BoolValue, nil
	}
	return nil, nil
}
