package sqlite

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"thalamus/stores"
)

// encodePayload writes a payload as JSON, times as RFC 3339 in UTC. It refuses fields and values that
// [stores.PointSpec] does not know. A nil value is written as null when nulls stand for keys to delete, else left out.
func encodePayload(payload map[stores.Field]any, nulls bool) (json.RawMessage, error) {
	out := make(map[stores.Field]any, len(payload))
	for field, v := range payload {
		t, known := stores.PointSpec.Fields[field]
		if !known {
			return nil, stores.Invalid("payload", "points have no field %q", field)
		}
		if v == nil {
			if nulls {
				out[field] = nil
			}
			continue
		}
		var ok bool
		if out[field], ok = payloadValue(t, v); !ok {
			return nil, stores.Invalid("payload."+string(field), "has a value that does not fit its type")
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encoding a payload: %w", err)
	}
	return b, nil
}

// payloadValue is v as it is written to JSON.
func payloadValue(t stores.Type, v any) (any, bool) {
	switch v := v.(type) {
	case string:
		return v, t == stores.Text
	case bool:
		return v, t == stores.Bool
	case int:
		return float64(v), t == stores.Number
	case float64:
		return v, t == stores.Number && !math.IsNaN(v) && !math.IsInf(v, 0)
	case time.Time:
		v = v.UTC().Truncate(time.Microsecond)
		return v.Format(time.RFC3339Nano), t == stores.Time && v.Year() >= 0 && v.Year() <= 9999
	}
	return nil, false
}

// decodePayload reads what encodePayload wrote.
func decodePayload(b []byte) (map[stores.Field]any, error) {
	var payload map[stores.Field]any
	if err := json.Unmarshal(b, &payload); err != nil {
		return nil, fmt.Errorf("decoding a payload: %w", err)
	}
	for field, v := range payload {
		if stores.PointSpec.Fields[field] != stores.Time {
			continue
		}
		text, _ := v.(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, fmt.Errorf("decoding %s of a payload: %w", field, err)
		}
		payload[field] = at
	}
	return payload, nil
}
