package mysql

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	driver "github.com/go-sql-driver/mysql"

	"thalamus/stores"
)

// config is what a URL says.
type config struct {
	address        string // host:port
	user, password string
	database       string
	options
}

// options are the query parameters.
type options struct {
	tls            string        // false, true, preferred or skip-verify
	ca             string        // file of certificates to trust instead of the system's
	pool           int           // connections
	lifetime       time.Duration // of a connection
	connectTimeout time.Duration
}

const (
	defaultPort = "3306"
	maxName     = 64 // characters of the name of a database
)

// systemDatabases are those that a server has for itself.
var systemDatabases = []string{"mysql", "sys", "information_schema", "performance_schema"}

func defaults() options {
	return options{tls: "false", pool: 20, lifetime: 30 * time.Minute, connectTimeout: 5 * time.Second}
}

// parameters read the options of a URL, and say what they must be.
var parameters = map[string]func(o *options, value string) (must string, ok bool){
	"tls": func(o *options, value string) (string, bool) {
		o.tls = value
		return "true, false, preferred or skip-verify", slices.Contains([]string{"true", "false", "preferred", "skip-verify"}, value)
	},
	"ca": func(o *options, value string) (string, bool) {
		o.ca = value
		return "the name of a file of certificates", value != ""
	},
	"pool": func(o *options, value string) (string, bool) {
		n, err := strconv.Atoi(value)
		o.pool = n
		return "a number from 1 to 1000", err == nil && n >= 1 && n <= 1000
	},
	"lifetime":        duration(func(o *options) *time.Duration { return &o.lifetime }),
	"connect_timeout": duration(func(o *options) *time.Duration { return &o.connectTimeout }),
}

func duration(at func(*options) *time.Duration) func(*options, string) (string, bool) {
	return func(o *options, value string) (string, bool) {
		d, err := time.ParseDuration(value)
		*at(o) = d
		return "a positive duration like 5s", err == nil && d > 0
	}
}

// Check says what is wrong with a URL, as far as that shows without a server; [Open] would say the same.
func Check(url string) error {
	c, err := parse(url)
	if err == nil {
		_, err = c.connection()
	}
	return err
}

// parse reads a URL. No message repeats what may hold the password.
func parse(raw string) (config, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "mysql" || u.Opaque != "" || u.Fragment != "" {
		return config{}, stores.Invalid("", "the URL must read mysql://user:password@host:3306/database; "+
			"in a password, write / as %%2F, @ as %%40, : as %%3A, ? as %%3F, # as %%23 and %% as %%25")
	}
	c := config{user: u.User.Username(), database: strings.TrimPrefix(u.Path, "/"), options: defaults()}
	c.password, _ = u.User.Password()
	c.address = u.Host
	if u.Port() == "" {
		c.address = net.JoinHostPort(u.Hostname(), defaultPort)
	}
	var check stores.Check
	check.That(u.Hostname() != "", "", "the URL names no host; write mysql://user:password@host:3306/database")
	check.Port(u.Port())
	check.That(c.user != "", "", "the URL names no user; write mysql://user:password@host:3306/database")
	check.That(validName(c.database), "", "the URL must name a database of 1 to %d characters after the host: mysql://user:password@host:3306/database", maxName)
	check.That(!slices.Contains(systemDatabases, strings.ToLower(c.database)), "",
		"the URL names the database %s, in which the server keeps things of its own; name another, which is created if it does not exist", c.database)
	query, err := url.ParseQuery(u.RawQuery)
	check.That(err == nil, "", "the URL has a query that cannot be read; write it like ?pool=20&tls=true")
	for _, name := range slices.Sorted(maps.Keys(query)) {
		read, known := parameters[name]
		switch {
		case !known:
			check.That(false, "", "the URL has no option %q; known are %s", name, strings.Join(slices.Sorted(maps.Keys(parameters)), ", "))
		case len(query[name]) > 1:
			check.That(false, "", "the URL gives %s more than once", name)
		default:
			must, ok := read(&c.options, query[name][0])
			check.That(ok, "", "the URL has %s=%q; it must be %s", name, query[name][0], must)
		}
	}
	check.That(c.ca == "" || c.tls == "true" || c.tls == "preferred", "", "the URL has ca, which needs tls=true")
	return c, check.Err()
}

// validName accepts what the servers take as the name of a database.
func validName(name string) bool {
	return name != "" && utf8.ValidString(name) && utf8.RuneCountInString(name) <= maxName && !strings.ContainsAny(name, "/\\.\x00") &&
		!strings.HasSuffix(name, " ")
}

// connection is the driver's configuration. Session variables come on top of it.
func (c config) connection() (*driver.Config, error) {
	d := driver.NewConfig()
	d.Net, d.Addr, d.User, d.Passwd, d.DBName = "tcp", c.address, c.user, c.password, c.database
	d.Timeout = c.connectTimeout
	d.Logger = &driver.NopLogger{} // errors are returned, too
	d.ClientFoundRows = true       // an update that changes nothing has found its row all the same
	d.InterpolateParams = true     // docs/mysql.md has the figures
	d.MaxAllowedPacket = 0         // as the server has it
	d.ConnectionAttributes = "program_name:thalamus"
	if err := d.Apply(driver.Charset("utf8mb4", "")); err != nil { // said aloud, since some servers are told not to listen otherwise
		return nil, err
	}
	if c.tls == "false" {
		return d, nil
	}
	host, _, _ := net.SplitHostPort(c.address)
	d.TLS = &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.tls != "true"}
	d.AllowFallbackToPlaintext = c.tls == "preferred"
	if c.ca == "" {
		return d, nil
	}
	pem, err := os.ReadFile(c.ca)
	if err != nil {
		return nil, stores.Invalid("", "the URL names the file %s as ca, which cannot be read", c.ca)
	}
	d.TLS.RootCAs = x509.NewCertPool()
	if !d.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return nil, stores.Invalid("", "the URL names the file %s as ca, which holds no certificates in PEM form", c.ca)
	}
	return d, nil
}
