package qdrant

import (
	"fmt"
	"maps"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"thalamus/stores"
)

// Schemes of URLs.
const (
	Scheme    = "qdrant"
	SchemeTLS = "qdrants"
)

// config is what a URL says.
type config struct {
	address        string // host:port
	tls            bool
	apiKey         string
	prefix         string  // of the names of collections
	concurrency    int     // requests of one call at a time
	hybridPrefetch float64 // candidates per wanted hit that each ranking of a hybrid search brings
}

const defaultPort = "6334"

// options are the query options of a URL, and how each is read.
var options = map[string]func(*config, string) error{
	"prefix": func(c *config, v string) error {
		c.prefix = v
		return refuseUnless(collectionPrefix.MatchString(v), "prefix", "may hold letters, digits, '-' and '_' only, up to 100 of them")
	},
	"concurrency": func(c *config, v string) (err error) {
		c.concurrency, err = strconv.Atoi(v)
		return refuseUnless(err == nil && c.concurrency >= 1 && c.concurrency <= 64, "concurrency", "must be a whole number from 1 to 64")
	},
	"hybrid_prefetch": func(c *config, v string) (err error) {
		c.hybridPrefetch, err = strconv.ParseFloat(v, 64)
		ok := err == nil && !math.IsNaN(c.hybridPrefetch) && c.hybridPrefetch >= 1 && c.hybridPrefetch <= 100
		return refuseUnless(ok, "hybrid_prefetch", "must be a number from 1 to 100")
	},
}

var collectionPrefix = regexp.MustCompile(`^[A-Za-z0-9_-]{0,100}$`)

func refuseUnless(ok bool, option, rule string) error {
	if ok {
		return nil
	}
	return stores.Invalid("", "the option %q of the URL %s", option, rule)
}

// Check says what is wrong with a URL and a key beside it, as far as that shows without a server; [Open] would say the same.
func Check(url, apiKey string) error {
	_, err := configure(url, apiKey)
	return err
}

// configure reads a URL, to which a key is added that is kept apart from it.
func configure(url, apiKey string) (*config, error) {
	c, err := parseURL(url)
	if err != nil || apiKey == "" {
		return c, err
	}
	if c.apiKey != "" {
		return nil, stores.Invalid("", "there are two API keys, one in the URL and one beside it; keep one of them")
	}
	c.apiKey = apiKey
	return c, nil
}

// parseURL reads qdrant://[apikey@]host[:port][?option=value&…], or qdrants:// for TLS. Errors never repeat the URL, which
// may hold a secret.
func parseURL(text string) (*config, error) {
	c := &config{prefix: "thalamus_", concurrency: 4, hybridPrefetch: stores.HybridPrefetch}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Opaque != "" || u.Hostname() == "" || u.Fragment != "" || u.Path != "" && u.Path != "/":
		return nil, stores.Invalid("", "the URL must look like qdrant://host:%s or qdrants://host:%s (with TLS); "+
			"an API key goes before the host, as in qdrants://KEY@host:%[1]s, with special characters percent-encoded", defaultPort, defaultPort)
	case u.Scheme != Scheme && u.Scheme != SchemeTLS:
		return nil, stores.Invalid("", "a Qdrant URL begins with %s:// or, with TLS, with %s://", Scheme, SchemeTLS)
	}
	if _, given := u.User.Password(); given {
		return nil, stores.Invalid("", "Qdrant has no users: write the API key alone before the host, as in qdrants://KEY@host:%s", defaultPort)
	}
	var check stores.Check
	port := u.Port()
	if check.Port(port); check.Err() != nil {
		return nil, check.Err()
	}
	if port == "" {
		port = defaultPort
	}
	c.address, c.tls, c.apiKey = net.JoinHostPort(u.Hostname(), port), u.Scheme == SchemeTLS, u.User.Username()
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, stores.Invalid("", "the options of the URL cannot be read; write them as ?prefix=memory_&concurrency=4")
	}
	for name, values := range query {
		read, known := options[name]
		if !known {
			return nil, stores.Invalid("", "the URL has no option %q; known are %s", name,
				strings.Join(slices.Sorted(maps.Keys(options)), ", "))
		}
		if len(values) > 1 {
			return nil, stores.Invalid("", "the URL gives %s more than once", name)
		}
		if err := read(c, values[0]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// collection is the name of a collection on the server.
func (c *config) collection(of stores.Collection) string { return fmt.Sprint(c.prefix, of) }
