package redis

import (
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"thalamus/stores"
)

// form is how the servers of a deployment work together.
type form string

const (
	single   form = ""
	sentinel form = "sentinel" // one of several servers is the master; sentinels know which
	cluster  form = "cluster"  // the keys are spread over several servers
)

// config is what a URL says.
type config struct {
	form           form
	tls            bool
	hosts          []string // host:port
	user, password string
	master         string // name of the master, for sentinels
	db             int
	options
}

// options are the query parameters.
type options struct {
	prefix         string        // before every key and channel
	pool           int           // calls at the same time
	poolTimeout    time.Duration // how long a call waits for its turn
	connectTimeout time.Duration
	timeout        time.Duration // for the server to take a request, and to answer it
	ca             string        // file of certificates to trust instead of the system's
	sentinelAuth   bool          // the sentinels want the same user and password
}

// parameters are the names of the options, in the order messages list them.
var parameters = []string{"prefix", "pool", "pool_timeout", "connect_timeout", "timeout", "ca", "sentinel_auth"}

func defaults() options {
	return options{prefix: "thalamus:", pool: 50, poolTimeout: 5 * time.Second, connectTimeout: 5 * time.Second, timeout: 5 * time.Second}
}

// schemes are what a URL may start with.
var schemes = map[string]config{
	"redis": {form: single}, "redis+sentinel": {form: sentinel}, "redis+cluster": {form: cluster},
	"rediss": {form: single, tls: true}, "rediss+sentinel": {form: sentinel, tls: true}, "rediss+cluster": {form: cluster, tls: true},
}

// Check says what is wrong with a URL, as far as that shows without a server; [Open] would say the same.
func Check(url string) error {
	c, err := parse(url)
	if err == nil {
		_, err = c.dialer()
	}
	return err
}

// parse reads a URL. It does so by itself, since package net/url knows a single host only. No message repeats what may
// hold the password.
func parse(raw string) (config, error) {
	scheme, rest, _ := strings.Cut(raw, "://")
	c, known := schemes[strings.ToLower(scheme)]
	if !known {
		return config{}, stores.Invalid("", "the URL must start with redis://, redis+sentinel:// or redis+cluster://, or with rediss for TLS")
	}
	c.options = defaults()
	var check stores.Check
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		c.readUser(authority[:at], &check)
		authority = authority[at+1:]
	}
	c.readHosts(authority, &check)
	c.readPath(path, &check)
	c.readQuery(query, &check)
	if err := check.Err(); err != nil {
		return config{}, err
	}
	return c, nil
}

func (c *config) readUser(info string, check *stores.Check) {
	user, password, both := strings.Cut(info, ":")
	check.That(both && password != "", "", "the URL names a user without a password; write user:password@, or :password@ for the default user")
	var userErr, passwordErr error
	c.user, userErr = url.PathUnescape(user)
	c.password, passwordErr = url.PathUnescape(password)
	check.That(userErr == nil && passwordErr == nil, "", "the URL has a user or a password with a stray %%; write %%25 for it")
}

func (c *config) readHosts(list string, check *stores.Check) {
	port := "6379"
	if c.form == sentinel {
		port = "26379"
	}
	for host := range strings.SplitSeq(list, ",") {
		address, ok := withPort(host, port)
		check.That(ok, "", "the URL must name its servers as host or host:port; a / or @ in the password is written %%2F or %%40")
		if _, port, err := net.SplitHostPort(address); ok && err == nil {
			check.Port(port)
		}
		c.hosts = append(c.hosts, address)
	}
	check.That(c.form != single || len(c.hosts) == 1, "",
		"the URL names several servers; write redis+sentinel:// or redis+cluster:// to say how they work together")
}

// withPort completes an address, and says whether it has the form of one; IPv6 addresses stand in brackets.
func withPort(host, port string) (string, bool) {
	if bare := strings.Trim(host, "[]"); !strings.Contains(bare, ":") || strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = net.JoinHostPort(bare, port)
	}
	name, number, err := net.SplitHostPort(host)
	ok := err == nil && number != "" && name != "" &&
		!strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '@' })
	return host, ok
}

func (c *config) readPath(path string, check *stores.Check) {
	if c.form == sentinel {
		var err error
		master, db, _ := strings.Cut(path, "/")
		c.master, err = url.PathUnescape(master)
		check.That(err == nil && c.master != "", "", "the URL must name the master that the sentinels watch, as in redis+sentinel://host/mymaster/0")
		path = db
	}
	if path == "" {
		return
	}
	db, err := strconv.Atoi(path)
	check.That(err == nil && db >= 0, "", "the URL must name a database by its number, as in redis://host/0; a / in the password is written %%2F")
	check.That(c.form != cluster || db == 0, "", "the URL names a database, but a cluster has none but 0")
	c.db = db
}

func (c *config) readQuery(raw string, check *stores.Check) {
	query, err := url.ParseQuery(raw)
	check.That(err == nil, "", "the URL has a query that cannot be read; write it like ?pool=20&timeout=5s")
	for name, values := range query {
		switch {
		case !slices.Contains(parameters, name):
			check.That(false, "", "the URL has no option %q; known are %s", name, strings.Join(parameters, ", "))
		case len(values) > 1:
			check.That(false, "", "the URL gives %s more than once", name)
		default:
			c.readOption(name, values[0], check)
		}
	}
	check.That(c.ca == "" || c.tls, "", "the URL has ca, but uses no TLS; write rediss instead of redis")
	check.That(!c.sentinelAuth || c.form == sentinel && c.password != "", "",
		"the URL has sentinel_auth, which wants redis+sentinel:// with a user and a password")
}

func (c *config) readOption(name, value string, check *stores.Check) {
	duration := func() time.Duration {
		d, err := time.ParseDuration(value)
		check.That(err == nil && d > 0, "", "the URL has %s=%q; it must be a positive duration like 5s", name, value)
		return d
	}
	switch name {
	case "prefix":
		c.prefix = value
		fit := value != "" && len(value) <= 100 && !strings.ContainsFunc(value, func(r rune) bool {
			return !unicode.IsPrint(r) || strings.ContainsRune("{}", r)
		})
		check.That(fit, "", "the URL has prefix=%q; it must be 1 to 100 printable characters without braces", value)
	case "pool":
		n, err := strconv.Atoi(value)
		check.That(err == nil && n >= 1 && n <= 10_000, "", "the URL has pool=%q; it must be a number from 1 to 10000", value)
		c.pool = n
	case "pool_timeout":
		c.poolTimeout = duration()
	case "connect_timeout":
		c.connectTimeout = duration()
	case "timeout":
		c.timeout = duration()
	case "ca":
		c.ca = value
		check.That(value != "", "", "the URL has an empty ca; name a file of certificates")
	case "sentinel_auth":
		on, err := strconv.ParseBool(value)
		check.That(err == nil, "", "the URL has sentinel_auth=%q; it must be true or false", value)
		c.sentinelAuth = on
	}
}
