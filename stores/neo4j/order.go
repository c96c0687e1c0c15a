package neo4j

import "strings"

// Neo4j compares texts by their bytes, but a text of the database with a parameter, outside of an index, by UTF-16. The two
// disagree on one thing: whether characters above U+FFFF come before or after those from U+E000 to U+FFFF. So a comparison
// of order with a parameter that has any of these is spelled out; all others mean the same either way.
const (
	lastCommon = '\uD7FF' // the last character that both sort alike; surrogates, which follow, are none
	firstLate  = '\uE000'
	lastLate   = '\uFFFF'
)

// order compares the expression x with a value by <, <=, > or >=.
func order(q *query, x, operator cypher, v any) cypher {
	s, ok := v.(string)
	at := strings.IndexFunc(s, func(r rune) bool { return r > lastCommon })
	if !ok || at < 0 {
		return x + operator + q.value(v)
	}
	start := s[:at]
	same := x
	if start != "" {
		same = "substring(" + x + ", " + q.value(int64(len([]rune(start)))) + ")"
	}
	q.with(map[string]any{"common": string(lastCommon), "late": string(firstLate), "last": string(lastLate)})
	characters := "[i IN range(0, coalesce(size(" + same + "), 0) - 1) | substring(" + same + ", i, 1)]"
	// The conditions mean the same in either order.
	spelled := x + " IS NOT NULL AND [c IN " + characters + " | [CASE WHEN c <= $p.common THEN 0 WHEN c >= $p.late AND c <= $p.last THEN 1 ELSE 2 END, c]]" +
		operator + q.value(spell(s[at:]))
	if start == "" {
		return "(" + spelled + ")"
	}
	first := q.value(start)
	return "(CASE WHEN " + x + " STARTS WITH " + first + " THEN " + spelled + " ELSE " + x + operator + first + " END)"
}

// spell is a text as a list of its characters, each with its class.
func spell(s string) (out []any) {
	for _, r := range s {
		class := int64(0)
		switch {
		case r > lastLate:
			class = 2
		case r >= firstLate:
			class = 1
		}
		out = append(out, []any{class, string(r)})
	}
	return out
}
