// Package config reads what an operator has decided: a file, the environment and flags become one typed [Config].
//
// Every key stands in one table, keys.go, from which its name in the file, its environment variable, its flag, its
// default and its documentation follow. Unknown names and bad values are errors that say where they stand.
package config

import (
	"log/slog"
	"time"
)

// Config is everything an operator can decide. [Load] makes one; each field is described in keys.go.
type Config struct {
	Listen string // host:port
	Data   string // directory

	Graph, Records, Vectors, Cache URL

	GraphPassword, RecordsPassword, VectorsKey, CachePassword Secret

	Development bool
	Auth        Auth

	Startup    Startup
	CursorsKey Secret

	Embedder    URL
	EmbedderKey Secret

	Log     Log
	OTLP    OTLP
	Metrics bool

	Playground    bool
	Introspection Introspection
	CORS          CORS
	Limits        Limits
	Persisted     Persisted
	Guard         Guard
	Stale         Stale
	Saga          Saga
	Events        Events
	SQLite        SQLite

	embedderKeyFile, graphPasswordFile, recordsPasswordFile, vectorsKeyFile, cachePasswordFile, cursorsKeyFile, jwtSecretFile string

	settings []Setting
}

// Auth says who may use the gateway; with neither keys nor a way to verify tokens nobody is asked.
type Auth struct {
	Keys string // file
	JWT  JWT
}

// Configured says whether callers have to show who they are.
func (a Auth) Configured() bool { return a.Keys != "" || a.JWT.Configured() }

// JWT says which tokens are accepted, and what is read from them.
type JWT struct {
	Secret           Secret
	JWKS             URL
	Issuer, Audience string
	Leeway           time.Duration
	Role             Role
	Claims           Claims
}

// Configured says whether tokens can be verified.
func (j JWT) Configured() bool { return j.Secret != "" || j.JWKS != "" }

// Claims are the names of the claims of a token that are read.
type Claims struct{ User, Device, Agent, Role string }

// Role is how much a caller may do.
type Role string

// Roles, from the least to the greatest.
const (
	RoleReader Role = "reader"
	RoleWriter Role = "writer"
	RoleAdmin  Role = "admin"
)

// Introspection says who may ask about the schema: callers with a role or a greater one, everybody or nobody.
type Introspection string

// Introspection for everybody and for nobody; the other values are those of [Role].
const (
	IntrospectionOn  Introspection = "on"
	IntrospectionOff Introspection = "off"
)

// Startup says how the gateway starts.
type Startup struct{ Wait time.Duration }

// Log says what is logged and how.
type Log struct {
	Level  slog.Level
	Format LogFormat
}

// LogFormat is how a line of the log is written.
type LogFormat string

// Log formats.
const (
	LogText LogFormat = "text"
	LogJSON LogFormat = "json"
)

// OTLP says where spans are sent; an empty endpoint sends none.
type OTLP struct{ Endpoint URL }

// CORS names the web origins, other than its own, whose pages may use the gateway.
type CORS struct{ Origins []string }

// Limits bound what one request may cost.
type Limits struct {
	Timeout time.Duration
	Body    Size

	Document                                 Size
	Tokens, Operations, Fragments, Variables int
	Depth, Selections, Aliases, Directives   int
	RootFields, Pairs                        int
	Values, Cost, Calls                      int
	Rate, Burst                              int // of cost; no rate: nobody is charged
	Streams                                  int // of one user; 0: any number
}

// Persisted says which documents clients may send by their hash, and whether they may send any others.
type Persisted struct {
	Automatic bool
	Allowed   string // directory or file; empty: all documents are
}

// Guard keeps a backend that fails from taking the rest with it.
type Guard struct {
	Timeout     time.Duration
	Open        time.Duration
	Concurrency int
}

// Stale says which earlier answers may stand in for a server that is down; with the limit 0 none do.
type Stale struct {
	Limit  time.Duration
	Memory Size
}

// Saga is how writes to several stores survive.
type Saga struct {
	Lease     time.Duration
	Queue     int
	QueuedFor time.Duration
	Keep      time.Duration
}

// Events is how events of the past are kept.
type Events struct{ Keep time.Duration }

// Size is a number of bytes.
type Size int64

// SQLite tunes the embedded database.
type SQLite struct{ Synchronous Synchronous }

// Synchronous is how far SQLite waits for the disk.
type Synchronous string

// Synchronous modes: NORMAL survives a crash of the process, FULL also a loss of power.
const (
	SynchronousNormal Synchronous = "NORMAL"
	SynchronousFull   Synchronous = "FULL"
)

// Setting is one key as it came out, for people to look at: secrets are redacted.
type Setting struct {
	Key    string
	Value  string
	Source string // where it was decided: "default", "thalamus.yaml:3", "THALAMUS_LOG_LEVEL" or "--log-level"
}

const sourceDefault = "default"

// Effective lists every key with its value and where that came from, in the order of the documentation. The value of
// config is the file that was read, or nothing.
func (c *Config) Effective() []Setting { return append([]Setting(nil), c.settings...) }
