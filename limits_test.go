package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"thalamus/config"
	"thalamus/graph/limits"
)

// TestDefaultLimits wants the defaults of the configuration to be those that were tried.
func TestDefaultLimits(t *testing.T) {
	cfg, err := config.Load(config.Sources{Environ: home(t), ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(limits.Default, operationLimits(cfg.Limits)); diff != "" {
		t.Errorf("(-limits.Default +configuration)\n%s", diff)
	}
}

// TestLimitsAreConfigured starts gateways with limits, a rate, a number of streams and a list of operations of their own.
func TestLimitsAreConfigured(t *testing.T) {
	limited := serving(t, home(t), "serve", "--data", t.TempDir(), "--limits-depth", "2", "--limits-rate", "1", "--limits-burst", "250")
	for _, want := range []string{`"profile":null`, "RATE_LIMITED"} {
		if body := said(t, limited.URL, "{profile{id}todo:profile{id}}"); !strings.Contains(body, want) {
			t.Errorf("%s instead of %s", body, want)
		}
	}
	if body := said(t, limited.URL, "{profile{todos{totalCount}}}"); !strings.Contains(body, limits.CodeDepth) {
		t.Errorf("%s", body)
	}

	alone := serving(t, home(t), "serve", "--data", t.TempDir(), "--limits-streams", "1")
	caughtUp(t, watch(t, alone.URL, http.MethodPost, everything))
	if second := watch(t, alone.URL, http.MethodPost, everything); second.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a second subscription: %s", second.Status)
	}

	directory := t.TempDir()
	if err := os.WriteFile(filepath.Join(directory, "profile.graphql"), []byte("{profile{id}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	listed := serving(t, home(t), "serve", "--data", t.TempDir(), "--persisted-allowed", directory)
	for document, want := range map[string]string{"{profile{id}}": `"profile":null`, "{profile{content}}": limits.CodeNotAllowed} {
		if body := said(t, listed.URL, document); !strings.Contains(body, want) {
			t.Errorf("%s instead of %s", body, want)
		}
	}
}

// said is the body of an answer.
func said(t *testing.T, url, document string) string {
	t.Helper()
	_, body, _ := get(t, url+"/graphql?query="+document)
	return body
}
