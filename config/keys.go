package config

import (
	"strings"
	"unicode"
)

// key is one thing that can be configured. The names of its environment variable and its flag follow from its own.
type key struct {
	name     string // in the file; dots are nesting
	fallback string // the default, as it would be written
	kind     string // what the value looks like, for help and documentation
	doc      string
	bind     func(*Config) value // where the value lives; nil: the key is not part of the configuration

	shown  string // the default as it is described, where it depends on the machine
	alone  string // what its flag means without a value
	noFile bool   // not accepted in the file
	noFlag bool   // not accepted as a flag: other users of the machine can see those
	feeds  string // the secret that is read from the file of which this is the path
}

const (
	keyConfig = "config"
	keyData   = "data"
)

// The kinds of values.
const (
	kindAddress  = "host:port"
	kindText     = "text"
	kindPath     = "path"
	kindURL      = "URL"
	kindSecret   = "secret"
	kindBool     = "on|off"
	kindList     = "list"
	kindDuration = "duration"
	kindSize     = "size"
	kindNumber   = "number"
	kindRole     = "role"
)

// keys is the table of every key.
var keys = []key{
	{
		name: keyConfig, fallback: "thalamus.yaml", kind: kindPath, noFile: true,
		doc: "The configuration file. The default one may be missing; one that is named must be there.",
	},
	{
		name: "listen", fallback: "127.0.0.1:8080", kind: kindAddress,
		doc:  "Address of the HTTP server. Port 0 takes a free one. Without authentication (`auth.keys`, `auth.jwt`) only loopback addresses are accepted.",
		bind: func(c *Config) value { return address{&c.Listen} },
	},
	{
		name: keyData, shown: "`$XDG_DATA_HOME/thalamus`, else `~/.local/share/thalamus`", kind: kindPath,
		doc:  "Directory of everything that the embedded stores keep. It is made when it is missing.",
		bind: func(c *Config) value { return &path{to: &c.Data} },
	},
	{
		name: "graph", fallback: "sqlite:", kind: kindURL,
		doc:  "Store of episodes, entities, procedures and relationships. `sqlite:` is embedded and lives in the data directory; `neo4j://user@host:7687/database` is Neo4j.",
		bind: func(c *Config) value { return location{&c.Graph} },
	},
	{
		name: "graph.password", kind: kindSecret, noFlag: true,
		doc:  "Password of the graph store, if its URL holds none.",
		bind: func(c *Config) value { return secret{&c.GraphPassword} },
	},
	{
		name: "graph.passwordFile", kind: kindPath, feeds: "graph.password",
		doc:  "File that holds the password of the graph store.",
		bind: func(c *Config) value { return &path{to: &c.graphPasswordFile} },
	},
	{
		name: "records", fallback: "sqlite:", kind: kindURL,
		doc:  "Store of entity records, profiles, todos and the answers kept for idempotency keys. `sqlite:` is embedded; `mysql://user@host:3306/database` is MySQL or MariaDB.",
		bind: func(c *Config) value { return location{&c.Records} },
	},
	{
		name: "records.password", kind: kindSecret, noFlag: true,
		doc:  "Password of the records store, if its URL holds none.",
		bind: func(c *Config) value { return secret{&c.RecordsPassword} },
	},
	{
		name: "records.passwordFile", kind: kindPath, feeds: "records.password",
		doc:  "File that holds the password of the records store.",
		bind: func(c *Config) value { return &path{to: &c.recordsPasswordFile} },
	},
	{
		name: "vectors", fallback: "sqlite:", kind: kindURL,
		doc:  "Store that finds memories by likeness. `sqlite:` is embedded; `qdrant://host:6334` is Qdrant.",
		bind: func(c *Config) value { return location{&c.Vectors} },
	},
	{
		name: "vectors.key", kind: kindSecret, noFlag: true,
		doc:  "API key of the vectors store, if its URL holds none.",
		bind: func(c *Config) value { return secret{&c.VectorsKey} },
	},
	{
		name: "vectors.keyFile", kind: kindPath, feeds: "vectors.key",
		doc:  "File that holds the API key of the vectors store.",
		bind: func(c *Config) value { return &path{to: &c.vectorsKeyFile} },
	},
	{
		name: "cache", fallback: "inprocess:", kind: kindURL,
		doc:  "Store of short-lived copies, locks and wake-up calls. `inprocess:` lives in the memory of the gateway; `redis://host:6379/0` is Redis, which several gateways can share.",
		bind: func(c *Config) value { return location{&c.Cache} },
	},
	{
		name: "cache.password", kind: kindSecret, noFlag: true,
		doc:  "Password of the cache, if its URL holds none.",
		bind: func(c *Config) value { return secret{&c.CachePassword} },
	},
	{
		name: "cache.passwordFile", kind: kindPath, feeds: "cache.password",
		doc:  "File that holds the password of the cache.",
		bind: func(c *Config) value { return &path{to: &c.cachePasswordFile} },
	},
	{
		name: "embedder", fallback: "hashing:", kind: kindURL,
		doc:  "What turns texts into vectors. `hashing:` is built in and compares words; a model compares meaning, such as `openai+https://api.openai.com/v1?model=text-embedding-3-small`.",
		bind: func(c *Config) value { return location{&c.Embedder} },
	},
	{
		name: "embedder.key", kind: kindSecret, noFlag: true,
		doc:  "API key of the embedder.",
		bind: func(c *Config) value { return secret{&c.EmbedderKey} },
	},
	{
		name: "embedder.keyFile", kind: kindPath, feeds: "embedder.key",
		doc:  "File that holds the API key of the embedder.",
		bind: func(c *Config) value { return &path{to: &c.embedderKeyFile} },
	},
	{
		name: "development", fallback: "off", kind: kindBool, alone: "on",
		doc:  "Let callers say who they are: the headers `Thalamus-User`, `Thalamus-Device` and `Thalamus-Agent` choose the scope, and everybody is an administrator. On loopback addresses only, and never together with `auth`.",
		bind: func(c *Config) value { return toggle{&c.Development} },
	},
	{
		name: "auth.keys", kind: kindPath,
		doc:  "File of API keys, which `thalamus key` writes. A change of it is seen within seconds. None but its owner may be able to write it.",
		bind: func(c *Config) value { return &path{to: &c.Auth.Keys} },
	},
	{
		name: "auth.jwt.secret", kind: kindSecret, noFlag: true,
		doc:  "Secret that verifies tokens (JWT) signed with HS256, at least 32 bytes.",
		bind: func(c *Config) value { return secret{&c.Auth.JWT.Secret} },
	},
	{
		name: "auth.jwt.secretFile", kind: kindPath, feeds: "auth.jwt.secret",
		doc:  "File that holds the secret of tokens.",
		bind: func(c *Config) value { return &path{to: &c.jwtSecretFile} },
	},
	{
		name: "auth.jwt.jwks", kind: kindURL,
		doc:  "URL of the keys (JWKS) that verify tokens signed with RS256, PS256, ES256, ES384 or EdDSA. It needs `auth.jwt.audience`, and https unless it is on a loopback address.",
		bind: func(c *Config) value { return endpoint{&c.Auth.JWT.JWKS} },
	},
	{
		name: "auth.jwt.issuer", kind: kindText,
		doc:  "The `iss` that a token must have. Empty: any.",
		bind: func(c *Config) value { return text{&c.Auth.JWT.Issuer} },
	},
	{
		name: "auth.jwt.audience", kind: kindText,
		doc:  "What a token must have in its `aud`. Empty: anything, or nothing.",
		bind: func(c *Config) value { return text{&c.Auth.JWT.Audience} },
	},
	{
		name: "auth.jwt.leeway", fallback: "30s", kind: kindDuration,
		doc:  "By how much the clocks of gateway and issuer may differ.",
		bind: func(c *Config) value { return durationOrNone{duration{&c.Auth.JWT.Leeway}} },
	},
	{
		name: "auth.jwt.role", fallback: "reader", kind: kindRole,
		doc: "The role of a token that names none.",
		bind: func(c *Config) value {
			return choice[Role]{&c.Auth.JWT.Role, []Role{RoleReader, RoleWriter, RoleAdmin}}
		},
	},
	{
		name: "auth.jwt.claims.user", fallback: "sub", kind: kindText,
		doc:  "The claim of a token that names the user.",
		bind: func(c *Config) value { return notEmpty{text{&c.Auth.JWT.Claims.User}} },
	},
	{
		name: "auth.jwt.claims.device", fallback: "device", kind: kindText,
		doc:  "The claim that names the device. A token without it leaves the device to the request.",
		bind: func(c *Config) value { return notEmpty{text{&c.Auth.JWT.Claims.Device}} },
	},
	{
		name: "auth.jwt.claims.agent", fallback: "agent", kind: kindText,
		doc:  "The claim that names the agent. A token without it leaves the agent to the request.",
		bind: func(c *Config) value { return notEmpty{text{&c.Auth.JWT.Claims.Agent}} },
	},
	{
		name: "auth.jwt.claims.role", fallback: "role", kind: kindText,
		doc:  "The claim that names the role: reader, writer or admin, or a list of which the greatest of these counts.",
		bind: func(c *Config) value { return notEmpty{text{&c.Auth.JWT.Claims.Role}} },
	},
	{
		name: "startup.wait", fallback: "30s", kind: kindDuration,
		doc:  "How long the gateway waits at its start for servers that do not answer yet.",
		bind: func(c *Config) value { return duration{&c.Startup.Wait} },
	},
	{
		name: "cursors.key", kind: kindSecret, noFlag: true,
		doc:  "Secret that signs cursors, at least 16 characters. Gateways that share their stores need the same one. Empty: one is made and kept in the data directory.",
		bind: func(c *Config) value { return secret{&c.CursorsKey} },
	},
	{
		name: "cursors.keyFile", kind: kindPath, feeds: "cursors.key",
		doc:  "File that holds the secret that signs cursors.",
		bind: func(c *Config) value { return &path{to: &c.cursorsKeyFile} },
	},
	{
		name: "log.level", fallback: "info", kind: "debug|info|warn|error",
		doc:  "The least level that is logged. `debug` has a line for every call to a store.",
		bind: func(c *Config) value { return level{&c.Log.Level} },
	},
	{
		name: "log.format", fallback: "text", kind: "text|json",
		doc:  "How a line of the log is written.",
		bind: func(c *Config) value { return choice[LogFormat]{&c.Log.Format, []LogFormat{LogText, LogJSON}} },
	},
	{
		name: "otlp.endpoint", kind: kindURL,
		doc:  "Base URL of an OpenTelemetry collector (OTLP over HTTP) that spans are sent to, such as `http://localhost:4318`. Empty: none are sent.",
		bind: func(c *Config) value { return endpoint{&c.OTLP.Endpoint} },
	},
	{
		name: "metrics", fallback: "on", kind: kindBool,
		doc:  "Serve metrics for Prometheus at `/metrics`.",
		bind: func(c *Config) value { return toggle{&c.Metrics} },
	},
	{
		name: "playground", fallback: "on", kind: kindBool,
		doc:  "Serve the playground at `/`.",
		bind: func(c *Config) value { return toggle{&c.Playground} },
	},
	{
		name: "introspection", fallback: "on", kind: "on|off|" + kindRole,
		doc:  "Who may ask about the schema, and is told near names in errors of a document: everybody, nobody, or callers of at least a role. The playground needs it.",
		bind: func(c *Config) value { return introspection{&c.Introspection} },
	},
	{
		name: "cors.origins", kind: kindList,
		doc:  "Web origins whose pages may use the gateway, such as `https://app.example.com`; `*` is any. Its own pages always may.",
		bind: func(c *Config) value { return origins{&c.CORS.Origins} },
	},
	{
		name: "limits.timeout", fallback: "10s", kind: kindDuration,
		doc:  "The longest time that one query or mutation may take, noticed at its calls to stores.",
		bind: func(c *Config) value { return duration{&c.Limits.Timeout} },
	},
	{
		name: "limits.body", fallback: "1MiB", kind: kindSize,
		doc:  "The largest request body.",
		bind: func(c *Config) value { return size{&c.Limits.Body} },
	},
	{
		name: "limits.document", fallback: "64KiB", kind: kindSize,
		doc:  "The longest GraphQL document. This and the ten limits after it are explained on the page [security](security.md#limits).",
		bind: func(c *Config) value { return size{&c.Limits.Document} },
	},
	{
		name: "limits.tokens", fallback: "4000", kind: kindNumber,
		doc:  "How many tokens a document may have.",
		bind: func(c *Config) value { return number{&c.Limits.Tokens} },
	},
	{
		name: "limits.operations", fallback: "20", kind: kindNumber,
		doc:  "How many operations a document may define.",
		bind: func(c *Config) value { return number{&c.Limits.Operations} },
	},
	{
		name: "limits.fragments", fallback: "100", kind: kindNumber,
		doc:  "How many fragments a document may define.",
		bind: func(c *Config) value { return number{&c.Limits.Fragments} },
	},
	{
		name: "limits.variables", fallback: "100", kind: kindNumber,
		doc:  "How many variables a document may declare.",
		bind: func(c *Config) value { return number{&c.Limits.Variables} },
	},
	{
		name: "limits.depth", fallback: "24", kind: kindNumber,
		doc:  "How deep fields and inline fragments of a document, or the values of an argument, may be nested.",
		bind: func(c *Config) value { return number{&c.Limits.Depth} },
	},
	{
		name: "limits.selections", fallback: "4000", kind: kindNumber,
		doc:  "How many fields and fragments a document may select, fragments counted wherever they are spread.",
		bind: func(c *Config) value { return number{&c.Limits.Selections} },
	},
	{
		name: "limits.aliases", fallback: "100", kind: kindNumber,
		doc:  "How many aliases a document may have, fragments counted wherever they are spread.",
		bind: func(c *Config) value { return number{&c.Limits.Aliases} },
	},
	{
		name: "limits.directives", fallback: "100", kind: kindNumber,
		doc:  "How many directives a document may have, fragments counted wherever they are spread.",
		bind: func(c *Config) value { return number{&c.Limits.Directives} },
	},
	{
		name: "limits.rootFields", fallback: "50", kind: kindNumber,
		doc:  "How many fields of Query, Mutation or Subscription an operation may select.",
		bind: func(c *Config) value { return number{&c.Limits.RootFields} },
	},
	{
		name: "limits.pairs", fallback: "5000", kind: kindNumber,
		doc:  "How many pairs of fields with one name at one place a document may have. Validation compares them with each other.",
		bind: func(c *Config) value { return number{&c.Limits.Pairs} },
	},
	{
		name: "limits.values", fallback: "10000", kind: kindNumber,
		doc:  "How many values the variables of a request may hold.",
		bind: func(c *Config) value { return number{&c.Limits.Values} },
	},
	{
		name: "limits.cost", fallback: "100000", kind: kindNumber,
		doc:  "What one operation may cost, by `@cost` and `@listSize` of the [schema](schema.md).",
		bind: func(c *Config) value { return number{&c.Limits.Cost} },
	},
	{
		name: "limits.calls", fallback: "500", kind: kindNumber,
		doc:  "How many calls to stores one query, or one event of a subscription, may make.",
		bind: func(c *Config) value { return number{&c.Limits.Calls} },
	},
	{
		name: "limits.rate", fallback: "0", kind: kindNumber,
		doc:  "What the operations of one user may cost in each second, on this gateway; `0` is no limit.",
		bind: func(c *Config) value { return numberOrNone{number{&c.Limits.Rate}} },
	},
	{
		name: "limits.burst", fallback: "200000", kind: kindNumber,
		doc:  "What the operations of one user may cost at once after a rest, where there is a `limits.rate`. It should be no less than `limits.cost`.",
		bind: func(c *Config) value { return number{&c.Limits.Burst} },
	},
	{
		name: "limits.streams", fallback: "100", kind: kindNumber,
		doc:  "How many subscriptions one user may have open at a time, on this gateway, over WebSockets and event streams together; `0` is no limit.",
		bind: func(c *Config) value { return numberOrNone{number{&c.Limits.Streams}} },
	},
	{
		name: "persisted.automatic", fallback: "on", kind: kindBool,
		doc:  "Keep valid documents that clients send with their hash (automatic persisted queries), so that next time the hash is enough.",
		bind: func(c *Config) value { return toggle{&c.Persisted.Automatic} },
	},
	{
		name: "persisted.allowed", kind: kindPath,
		doc:  "A directory of `.graphql` files, or a JSON manifest: only the documents in it are executed. Empty: any document is.",
		bind: func(c *Config) value { return &path{to: &c.Persisted.Allowed} },
	},
	{
		name: "guard.timeout", fallback: "5s", kind: kindDuration,
		doc:  "The longest time that one call to a server may take. One that takes longer counts as a failure of the server.",
		bind: func(c *Config) value { return duration{&c.Guard.Timeout} },
	},
	{
		name: "guard.open", fallback: "1m", kind: kindDuration,
		doc:  "How long a backend that does not answer is left alone. The time doubles as long as it stays away, up to 5 minutes.",
		bind: func(c *Config) value { return duration{&c.Guard.Open} },
	},
	{
		name: "guard.concurrency", fallback: "64", kind: kindNumber,
		doc:  "How many calls to one backend run at a time. Others wait for their turn, for a server up to a second.",
		bind: func(c *Config) value { return number{&c.Guard.Concurrency} },
	},
	{
		name: "stale.limit", fallback: "5m", kind: kindDuration,
		doc:  "How old an earlier answer may be that stands in for a server that is down. `0` turns it off: what the server would answer is an error then.",
		bind: func(c *Config) value { return durationOrNone{duration{&c.Stale.Limit}} },
	},
	{
		name: "stale.memory", fallback: "64MiB", kind: kindSize,
		doc:  "How much memory earlier answers may take, roughly. What was kept for longest goes first.",
		bind: func(c *Config) value { return size{&c.Stale.Memory} },
	},
	{
		name: "saga.lease", fallback: "10s", kind: kindDuration,
		doc:  "How long a gateway may give no sign of life before another one carries on its writes. What is about to become of a client's write is unknown for that long.",
		bind: func(c *Config) value { return duration{&c.Saga.Lease} },
	},
	{
		name: "saga.queue", fallback: "10000", kind: kindNumber,
		doc:  "How many writes may wait for a store that is down; a twentieth of it in one scope. Others are refused.",
		bind: func(c *Config) value { return number{&c.Saga.Queue} },
	},
	{
		name: "saga.queued", fallback: "24h", kind: kindDuration,
		doc:  "How long a write may wait for a store that is down. Then it is taken back.",
		bind: func(c *Config) value { return duration{&c.Saga.QueuedFor} },
	},
	{
		name: "saga.keep", fallback: "168h", kind: kindDuration,
		doc:  "How long idempotency keys, receipts of deletions and the other traces of a write that has ended are kept.",
		bind: func(c *Config) value { return duration{&c.Saga.Keep} },
	},
	{
		name: "events.keep", fallback: "168h", kind: kindDuration,
		doc:  "How long a subscriber may have been away and still go on where it was. Older events are deleted once an hour.",
		bind: func(c *Config) value { return duration{&c.Events.Keep} },
	},
	{
		name: "sqlite.synchronous", fallback: "NORMAL", kind: "NORMAL|FULL",
		doc: "How far a commit waits for the disk. `NORMAL` survives a crash of the gateway, and a loss of power may undo the latest commits; `FULL` survives both and is slower.",
		bind: func(c *Config) value {
			return choice[Synchronous]{&c.SQLite.Synchronous, []Synchronous{SynchronousNormal, SynchronousFull}}
		},
	},
}

const envPrefix = "THALAMUS_"

// env is the environment variable of the key: embedder.keyFile is THALAMUS_EMBEDDER_KEY_FILE.
func (k key) env() string { return envPrefix + strings.ToUpper(k.join('_')) }

// flag is the flag of the key without its dashes: embedder.keyFile is embedder-key-file.
func (k key) flag() string { return k.join('-') }

// path is the name of the key in the file.
func (k key) path() string { return k.name }

func (k key) join(separator rune) string {
	var b strings.Builder
	for _, r := range k.name {
		switch {
		case r == '.':
			b.WriteRune(separator)
		case unicode.IsUpper(r):
			b.WriteRune(separator)
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// names lists what a source calls the keys it accepts.
func names(accepts func(key) bool, name func(key) string) []string {
	var all []string
	for _, k := range keys {
		if accepts(k) {
			all = append(all, name(k))
		}
	}
	return all
}
