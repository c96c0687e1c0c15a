package neo4j

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"thalamus/stores"
)

// settings are what a URL says.
type settings struct {
	target         string // scheme and host, without secrets
	user, password string // no user: the server asks for none
	database       string
	pool           int           // connections at most
	poolTimeout    time.Duration // how long a call waits for one
	connectTimeout time.Duration
	maxLifetime    time.Duration // of a connection
	namespace      string        // keeps this memory apart from others in the database; empty: the one without a name
}

const exampleURL = "neo4j://user:password@host:7687/database"

// Schemes are those of the driver: with or without routing in a cluster, plain, encrypted, or encrypted with a certificate
// that nobody vouches for.
var Schemes = []string{"neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"}

// options read one option of the URL each.
var options = map[string]func(*settings, string) error{
	"pool": func(s *settings, v string) (err error) {
		s.pool, err = strconv.Atoi(v)
		if err != nil || s.pool < 1 || s.pool > maxPool {
			return fmt.Errorf("must be a whole number from 1 to %d", maxPool)
		}
		return nil
	},
	"pool_timeout":    func(s *settings, v string) error { return duration(&s.poolTimeout, v) },
	"connect_timeout": func(s *settings, v string) error { return duration(&s.connectTimeout, v) },
	"max_lifetime":    func(s *settings, v string) error { return duration(&s.maxLifetime, v) },
	"namespace": func(s *settings, v string) error {
		s.namespace = v
		if !namespaces.MatchString(v) {
			return fmt.Errorf("must be 1 to 100 letters, digits, dots, dashes or underscores")
		}
		return nil
	},
}

const maxPool = 1000

var namespaces = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)

func duration(to *time.Duration, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d <= 0 {
		return fmt.Errorf("must be a positive duration, such as 5s")
	}
	*to = d
	return nil
}

// Check says what is wrong with a URL, as far as that shows without a server; [Open] would say the same.
func Check(url string) error {
	_, err := parse(url)
	return err
}

// parse reads a URL. Its errors never repeat the URL, which may hold a password.
func parse(raw string) (settings, error) {
	s := settings{database: "neo4j", pool: 50, poolTimeout: 5 * time.Second, connectTimeout: 5 * time.Second, maxLifetime: time.Hour}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Fragment != "" {
		return s, wrong("the URL cannot be read; write it like %s", exampleURL)
	}
	if !slices.Contains(Schemes, u.Scheme) {
		return s, wrong("the scheme of the URL must be one of %s", strings.Join(Schemes, ", "))
	}
	if u.Hostname() == "" {
		return s, wrong("the URL names no host; write it like %s", exampleURL)
	}
	var check stores.Check
	if check.Port(u.Port()); check.Err() != nil {
		return s, check.Err()
	}
	s.target = u.Scheme + "://" + u.Host
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	if name := strings.Trim(u.Path, "/"); strings.Contains(name, "/") {
		return s, wrong("the path of the URL must be the name of one database; write it like %s", exampleURL)
	} else if name != "" {
		s.database = name
	}
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return s, wrong("the options of the URL cannot be read; write them like ?pool=50&pool_timeout=5s")
	}
	return s, s.read(given)
}

// read takes the options.
func (s *settings) read(given url.Values) error {
	for name, values := range given {
		set, known := options[name]
		if !known {
			return wrong("the URL has no option %q; known are %s", name, strings.Join(slices.Sorted(maps.Keys(options)), ", "))
		}
		if len(values) > 1 {
			return wrong("the URL gives %s more than once", name)
		}
		if err := set(s, values[0]); err != nil {
			return wrong("the option %s of the URL %v", name, err)
		}
	}
	return nil
}

// wrong is an error of the configuration.
func wrong(format string, args ...any) error {
	return stores.Invalid("", format, args...)
}

// prefix is what stands before the key of every scope. Keys have two slashes, so that those of a namespace, with three,
// are never those of another memory.
func (s settings) prefix() string {
	if s.namespace == "" {
		return ""
	}
	return s.namespace + "/"
}
