package neo4j_test

import (
	"errors"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/neo4j"
)

// TestWrongURLs wants words that say what to change, and never the password.
func TestWrongURLs(t *testing.T) {
	for url, want := range map[string]string{
		"neo4j:u:hidden@h":                           "write it like neo4j://",
		"http://u:hidden@h":                          "must be one of neo4j, neo4j+s",
		"neo4j://u:hidden@":                          "names no host",
		"neo4j://u:hidden@h:port":                    "cannot be read",
		"neo4j://u:hidden@h:0":                       "no number from 1 to 65535",
		"bolt://u:hidden@h:65536/d":                  "the URL has a port that is no number from 1 to 65535",
		"neo4j://u:hidden@h/a/b":                     "the name of one database",
		"neo4j://u:hidden@h?namespac=a":              `the URL has no option "namespac"; known are connect_timeout, max_lifetime, namespace, pool, pool_timeout`,
		"neo4j://u:hidden@h?namespace=a&namespace=c": "the URL gives namespace more than once",
		"neo4j://u:hidden@h?namespace=a/b":           "the option namespace of the URL must be",
		"neo4j://u:hidden@h?pool=0":                  "the option pool of the URL must be a whole number from 1 to 1000",
		"neo4j://u:hidden@h?pool_timeout=5":          "must be a positive duration",
		"neo4j://u:hidden@h?%zz":                     "options of the URL cannot be read",
	} {
		_, err := neo4j.Open(t.Context(), url)
		if !errors.Is(err, stores.ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s gave %v, want words like %q", url, err, want)
		}
		if early := neo4j.Check(url); early == nil || early.Error() != err.Error() {
			t.Errorf("a check of %s gave %v", url, early)
		}
	}
}
