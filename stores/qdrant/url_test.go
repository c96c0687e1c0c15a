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
		"qdrant://SECRET@localhost:0":                   "no number from 1 to 65535",
		"qdrant://SECRET@localhost:99999":               "the URL has a port that is no number from 1 to 65535",
		"qdrant://SECRET@localhost#x":                   "qdrant://host:6334",
		"qdrant://user:SECRET@localhost":                "no users",
		"qdrant://SECRET@localhost?tls=true":            `the URL has no option "tls"; known are concurrency, hybrid_prefetch, prefix`,
		"qdrant://SECRET@localhost?prefix=a&prefix=b":   `the URL gives prefix more than once`,
		"qdrant://SECRET@localhost?prefix=a/b":          `"prefix" of the URL may hold`,
		"qdrant://SECRET@localhost?concurrency=0":       `"concurrency" of the URL must be`,
		"qdrant://SECRET@localhost?concurrency=many":    `"concurrency" of the URL must be`,
		"qdrant://SECRET@localhost?hybrid_prefetch=0":   `"hybrid_prefetch" of the URL must be`,
		"qdrant://SECRET@localhost?hybrid_prefetch=NaN": `"hybrid_prefetch" of the URL must be`,
		"qdrant://SECRET@localhost?%zz":                 "options of the URL cannot be read",
	} {
		_, err := qdrant.Open(t.Context(), url, qdrant.Options{})
		if !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if early := qdrant.Check(url, ""); early == nil || early.Error() != err.Error() {
			t.Errorf("a check of %s gave %v", url, early)
		}
		if !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: error %q, want one that says %q", url, err, says)
		}
	}
	_, err := qdrant.Open(t.Context(), "qdrant://SECRET@localhost", qdrant.Options{APIKey: "ANOTHER"})
	if !errors.Is(err, stores.ErrInvalid) || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "ANOTHER") {
		t.Errorf("two keys: %v", err)
	}
	if early := qdrant.Check("qdrant://SECRET@localhost", "ANOTHER"); early == nil || early.Error() != err.Error() {
		t.Errorf("a check of two keys gave %v", early)
	}
}
