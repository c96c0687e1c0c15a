package openai

import (
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"thalamus/stores"
)

// keySetting is where the key comes from, for messages.
const keySetting = "THALAMUS_EMBEDDER_KEY"

// Key is an API key. However it is printed, logged or marshalled, it shows nothing; convert it to a string to use it.
type Key string

const redacted = "[redacted]"

func (k Key) String() string {
	if k == "" {
		return ""
	}
	return redacted
}

// Format prints the same under every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// LogValue is what package slog prints.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is what JSON and YAML get.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Config says which model of which server to use. Only BaseURL and Model are needed; zero stands for the default.
type Config struct {
	BaseURL     string        // everything before /embeddings: https://api.openai.com/v1
	APIKey      Key           // sent as a bearer token; empty for servers that want none
	Model       string        // the server's name of the model: text-embedding-3-small
	Dimension   int           // length to ask for and to insist on; 0 takes the model's own, learned by one request
	BatchSize   int           // texts per request, 96
	Concurrency int           // requests at the same time, 4
	Timeout     time.Duration // for one attempt, 30 s
	Retries     int           // attempts after the first, 3; negative for none
	MaxBytes    int           // of one text; what is longer is cut, 16 KiB

	// Transport carries the requests; nil for a connection pool of its own.
	Transport http.RoundTripper
}

// Defaults of a [Config].
const (
	DefaultBatchSize   = 96
	DefaultConcurrency = 4
	DefaultTimeout     = 30 * time.Second
	DefaultRetries     = 3
	// DefaultMaxBytes fits models that read 8192 tokens, with room for scripts and code that need a token for two bytes.
	DefaultMaxBytes = 16 << 10
)

// parameters are the query parameters of [ParseURL], in the order messages list them.
var parameters = []string{"model", "dimension", "batch", "concurrency", "timeout", "retries", "maxbytes"}

// ParseURL reads openai+https://host/v1?model=NAME, or openai+http for a server nearby. A URL without a path means /v1.
// The query also takes dimension, batch, concurrency, timeout (30s), retries (0 for none) and maxbytes. The key is not
// part of it: URLs are shown and logged. The result has no defaults filled in; [New] does that.
func ParseURL(raw string) (Config, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Config{}, stores.Invalid("", "the URL cannot be read; write it like openai+https://host/v1?model=NAME")
	}
	scheme, isOurs := strings.CutPrefix(u.Scheme, "openai+")
	var check stores.Check
	check.That(isOurs && (scheme == "https" || scheme == "http"), "", "the URL must start with openai+https:// or openai+http://")
	check.That(u.Hostname() != "", "", "the URL names no host; write it like openai+https://host/v1?model=NAME")
	check.Port(u.Port())
	check.That(u.User == nil, "", "the URL must not contain a user or a password; put the key into %s", keySetting)
	check.That(u.Fragment == "", "", "the URL must not contain #")

	c := Config{BaseURL: (&url.URL{Scheme: scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()}
	if u.Path == "" || u.Path == "/" {
		c.BaseURL = scheme + "://" + u.Host + "/v1"
	}
	query, err := url.ParseQuery(u.RawQuery)
	check.That(err == nil, "", "the URL has a query that cannot be read; write it like ?model=NAME&dimension=1024")
	c.readQuery(query, &check)
	check.That(c.Model != "" || query.Has("model"), "", "the URL names no model; add ?model=NAME")
	if err := check.Err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func (c *Config) readQuery(query url.Values, check *stores.Check) {
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		if !slices.Contains(parameters, name) {
			check.That(false, "", "the URL has no option %q; known are %s", name, strings.Join(parameters, ", "))
			continue
		}
		if len(values) > 1 {
			check.That(false, "", "the URL gives %s more than once", name)
			continue
		}
		c.readParameter(name, values[0], check)
	}
}

func (c *Config) readParameter(name, value string, check *stores.Check) {
	number := func(least int) int {
		n, err := strconv.Atoi(value)
		check.That(err == nil && n >= least, "", "the URL has %s=%q; it must be a whole number of at least %d", name, value, least)
		return n
	}
	switch name {
	case "model":
		c.Model = value
		check.That(value != "", "", "the URL names no model; add ?model=NAME")
	case "dimension":
		c.Dimension = number(1)
	case "batch":
		c.BatchSize = number(1)
	case "concurrency":
		c.Concurrency = number(1)
	case "timeout":
		d, err := time.ParseDuration(value)
		check.That(err == nil && d > 0, "", "the URL has timeout=%q; it must be a positive duration like 30s", value)
		c.Timeout = d
	case "retries":
		if c.Retries = number(0); c.Retries == 0 {
			c.Retries = -1
		}
	case "maxbytes":
		c.MaxBytes = number(1)
	}
}

// Check says what is wrong, as far as that shows without a server; [New] would say the same.
func (c Config) Check() error {
	_, err := c.withDefaults()
	return err
}

// withDefaults fills in the defaults and refuses what cannot work.
func (c Config) withDefaults() (Config, error) {
	var check stores.Check
	base, err := url.Parse(c.BaseURL)
	check.That(err == nil && base.Host != "" && (base.Scheme == "https" || base.Scheme == "http"), "",
		"the URL needs the address of the server, like https://host/v1")
	check.That(c.Model != "", "", "the URL names no model; add ?model=NAME")
	check.That(!strings.ContainsAny(string(c.APIKey), "\r\n\t\x00"), "", keySetting+" must not contain line breaks or tabs")
	check.That(min(c.Dimension, c.BatchSize, c.Concurrency, c.MaxBytes) >= 0 && c.Timeout >= 0, "",
		"the URL must not have a negative dimension, batch, concurrency, maxbytes or timeout")
	setDefault(&c.BatchSize, DefaultBatchSize)
	setDefault(&c.Concurrency, DefaultConcurrency)
	setDefault(&c.Timeout, DefaultTimeout)
	setDefault(&c.Retries, DefaultRetries)
	setDefault(&c.MaxBytes, DefaultMaxBytes)
	c.Retries = max(c.Retries, 0)
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	return c, check.Err()
}

func setDefault[T comparable](p *T, fallback T) {
	var zero T
	if *p == zero {
		*p = fallback
	}
}
