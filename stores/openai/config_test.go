package openai_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"thalamus/stores"
	"thalamus/stores/openai"
)

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]openai.Config{
		"openai+https://api.openai.com/v1?model=text-embedding-3-small&dimension=1536": {
			BaseURL: "https://api.openai.com/v1", Model: "text-embedding-3-small", Dimension: 1536},
		"openai+http://localhost:11434?model=bge-m3": {BaseURL: "http://localhost:11434/v1", Model: "bge-m3"},
		"openai+http://[::1]:80/?model=a%2Fb":        {BaseURL: "http://[::1]:80/v1", Model: "a/b"},
		"openai+https://host/deep/path%2Fx/?model=m": {BaseURL: "https://host/deep/path%2Fx/", Model: "m"},
		"openai+https://h/v1?model=m&batch=8&timeout=5s&retries=2&concurrency=1&maxbytes=512": {
			BaseURL: "https://h/v1", Model: "m", BatchSize: 8, Timeout: 5 * time.Second, Retries: 2, Concurrency: 1, MaxBytes: 512},
		"openai+https://h/v1?model=m&retries=0": {BaseURL: "https://h/v1", Model: "m", Retries: -1},
	} {
		got, err := openai.ParseURL(raw)
		if err != nil {
			t.Errorf("%s: %v", raw, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
		got.Dimension = 1
		if _, err := openai.New(t.Context(), got); err != nil {
			t.Errorf("%s is parsed and then refused: %v", raw, err)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for raw, words := range map[string][]string{
		"":                                       {"openai+https://"},
		"https://host/v1?model=m":                {"openai+https://"},
		"openai+ftp://host/v1?model=m":           {"openai+https://"},
		"openai+https:///v1?model=m":             {"no host"},
		"openai+https://:80/v1?model=m":          {"no host"},
		"openai+https://host:0/v1?model=m":       {"no number from 1 to 65535"},
		"openai+https://host:99999/v1?model=m":   {"no number from 1 to 65535"},
		"openai+https://host/v1":                 {"?model=NAME"},
		"openai+https://host/v1?model=":          {"?model=NAME"},
		"openai+https://host/v1?model=a&model=b": {"model more than once"},
		"openai+https://host/v1?model=m&modle=x&a=y": {
			`the URL has no option "modle"; known are`, `"a"`, "known are model, dimension, batch, concurrency, timeout, retries, maxbytes"},
		"openai+https://host/v1?model=m&dimension=0":    {"dimension", "at least 1"},
		"openai+https://host/v1?model=m&dimension=many": {"dimension"},
		"openai+https://host/v1?model=m&timeout=5":      {"timeout", "30s"},
		"openai+https://host/v1?model=m&retries=-1":     {"retries", "at least 0"},
		"openai+https://host/v1?model=m#x":              {"#"},
		"openai+https://host/v1?model=%zz":              {"query"},
		"openai+https://ho st/%zz":                      {"cannot be read"},
		"openai+https://sk-hidden@host/v1?model=m":      {"THALAMUS_EMBEDDER_KEY"},
		"openai+https://u:sk-hidden@ho st/v1?model=m":   {"cannot be read"},
		"openai+https://host/v1?model=m&key=sk-hidden":  {`"key"`},
	} {
		_, err := openai.ParseURL(raw)
		wantError(t, err, stores.ErrInvalid, append(words, "the URL ")...)
		if strings.Contains(err.Error(), "sk-hidden") {
			t.Errorf("%q shows a secret", err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := openai.Config{BaseURL: "https://host/v1", Model: "m", Dimension: 8}
	for name, change := range map[string]func(*openai.Config){
		"no address":         func(c *openai.Config) { c.BaseURL = "" },
		"no scheme":          func(c *openai.Config) { c.BaseURL = "host/v1" },
		"no model":           func(c *openai.Config) { c.Model = "" },
		"negative dimension": func(c *openai.Config) { c.Dimension = -1 },
		"negative batch":     func(c *openai.Config) { c.BatchSize = -1 },
		"negative timeout":   func(c *openai.Config) { c.Timeout = -1 },
		"key of two lines":   func(c *openai.Config) { c.APIKey = secret + "\n" },
	} {
		t.Run(name, func(t *testing.T) {
			config := good
			change(&config)
			_, err := openai.New(t.Context(), config)
			wantError(t, err, stores.ErrInvalid)
		})
	}
}

func TestKeyIsNeverPrinted(t *testing.T) {
	config := openai.Config{BaseURL: "https://host/v1", APIKey: secret, Model: "m", Dimension: 8}
	e, err := openai.New(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&out, verb+"\n", config)
		fmt.Fprintf(&out, verb+"\n", config.APIKey)
		fmt.Fprintf(&out, verb+"\n", e)
		fmt.Fprintf(&out, verb+"\n", struct{ e *openai.Embedder }{e})
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("x", "key", config.APIKey, "config", config, "embedder", e)
	}
	config.Transport = nil
	if err := json.NewEncoder(&out).Encode(config); err != nil {
		t.Fatal(err)
	}
	hex := fmt.Sprintf("%x", string(secret))
	if s := out.String(); strings.Contains(s, string(secret)) || strings.Contains(s, hex) {
		t.Errorf("the key is printed:\n%s", s)
	}
	if n := strings.Count(out.String(), "[redacted]"); n < 14 {
		t.Errorf("only %d places say that there is a key", n)
	}
}
