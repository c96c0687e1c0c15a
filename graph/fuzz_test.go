package graph_test

import (
	"encoding/json"
	"testing"

	"thalamus/graph/graphtest"
)

// FuzzFilter sends filters and orders through the whole gateway, to SQL and back. Whatever they say, they are answered or
// refused as the client's mistake, and never say more than is there.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"content":{"contains":"a"}}`, `{"not":{"outcome":{"in":["SUCCESS"]}}}`, `{"and":[{"or":[]},{"sessionId":{"startsWith":"%_\\"}}]}`,
		`{"timestamp":{"gt":"2026-01-01T00:00:00Z","lte":null}}`, `{"durationMs":{"gt":9223372036854775807}}`, `{"emotionalValence":{"eq":1e308}}`,
		`{"id":{"eq":"x"}}`, `{"context":{"project":{"isNull":true}}}`, `{"content":{"eq":"' OR 1=1 --"}}`, `{"content":{"contains":"\u0000"}}`, `{"content":{"eq":"\ud800"}}`, `[]`, `null`, `{"content":{"in":[]}}`,
	} {
		f.Add(s, `TIMESTAMP`)
		f.Add(s, `TIMESTAMP,SESSION_ID`)
	}
	g := graphtest.NewSample(f)
	all := graphtest.At(g.Query(f, "{episodes{totalCount}}", nil, nil), "episodes", "totalCount").(float64)
	f.Fuzz(func(t *testing.T, where, order string) {
		var filter any
		if json.Unmarshal([]byte(where), &filter) != nil {
			return
		}
		r := g.Post(t, "query($w:EpisodeWhere,$o:EpisodeOrderField!){episodes(where:$w,orderBy:[{field:$o}],first:3){totalCount edges{node{id}}}}",
			map[string]any{"w": filter, "o": order}, nil)
		for _, code := range codes(r) {
			switch code {
			case "BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "LIMIT_DEPTH", "LIMIT_VALUES":
			default:
				t.Fatalf("%s by %s: %s", where, order, r.Body)
			}
		}
		if n, ok := graphtest.At(r.Data, "episodes", "totalCount").(float64); ok && (n > all || n < 0) {
			t.Fatalf("%s finds %v of %v", where, n, all)
		}
	})
}

func codes(r graphtest.Response) (out []string) {
	for _, e := range r.Errors {
		out = append(out, e.Code())
	}
	return out
}
