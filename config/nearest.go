package config

import "strings"

// suggest helps with a name that is not known: the nearest one that is, or all of them. The prefix that all names share
// makes none of them near.
func suggest(name string, known []string) string {
	own := strings.TrimPrefix(name, envPrefix)
	best, least := "", max(1, len(own)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(own), strings.ToLower(strings.TrimPrefix(k, envPrefix))); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return "did you mean " + best + "?"
	}
	return "known are " + strings.Join(known, ", ")
}

// distance is the number of letters to insert, delete or replace to turn a into b (Levenshtein 1966), by the usual
// table of which one row is kept.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
