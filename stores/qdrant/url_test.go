package qdrant_test

import (
	"errors"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/qdrant"
)

// TestRefusedURLs wants errors that say what to do and never repeat a secret.
func TestRefusedURLs(t *testing.T) {
	for url, says := range map[string]string{
		"qdrant://":                                     "qdrant://host:6334",
		"qdrant:localhost:6334":                         "qdrant://host:6334",
		"http://localhost:6334":                         "begins with qdrant:// or, with TLS, with qdrants://",
		"qdrant://SECRET@localhost:6334/collection":     "qdrant://host:6334",
		"qdrant://SECRET@local host":                    "qdrant://host:6334",
		"qdrant://SECRET@localhost:port":                "qdrant://host:6334",
		"qdrant://SECRET@localhost#x":                   "qdrant://host:6334",
		"qdrant://user:SECRET@localhost":                "no users",
		"qdrant://SECRET@localhost?tls=true":            `no option "tls"; known are concurrency, hybrid_prefetch, prefix`,
		"qdrant://SECRET@localhost?prefix=a&prefix=b":   `"prefix" of the Qdrant URL is given twice`,
		"qdrant://SECRET@localhost?prefix=a/b":          `"prefix" of the Qdrant URL may hold`,
		"qdrant://SECRET@localhost?concurrency=0":       `"concurrency" of the Qdrant URL must be`,
		"qdrant://SECRET@localhost?concurrency=many":    `"concurrency" of the Qdrant URL must be`,
		"qdrant://SECRET@localhost?hybrid_prefetch=0":   `"hybrid_prefetch" of the Qdrant URL must be`,
		"qdrant://SECRET@localhost?hybrid_prefetch=NaN": `"hybrid_prefetch" of the Qdrant URL must be`,
		"qdrant://SECRET@localhost?%zz":                 "options of the Qdrant URL cannot be read",
	} {
		_, err := qdrant.Open(t.Context(), url, qdrant.Options{})
		if !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: error %q, want one that says %q", url, err, says)
		}
	}
	_, err := qdrant.Open(t.Context(), "qdrant://SECRET@localhost", qdrant.Options{APIKey: "ANOTHER"})
	if !errors.Is(err, stores.ErrInvalid) || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "ANOTHER") {
		t.Errorf("two keys: %v", err)
	}
}
