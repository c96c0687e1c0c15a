package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"thalamus/config"
)

// given is a machine: its files, its environment and a command line.
type given struct {
	files map[string]string
	env   []string
	args  []string
}

func load(t *testing.T, g given) (*config.Config, error) {
	t.Helper()
	flags := pflag.NewFlagSet("thalamus", pflag.ContinueOnError)
	config.Bind(flags)
	if err := flags.Parse(g.args); err != nil {
		t.Fatal(err)
	}
	return config.Load(config.Sources{
		Flags:   flags,
		Environ: append([]string{"HOME=/home/ada", "PATH=/bin"}, g.env...),
		ReadFile: func(name string) ([]byte, error) {
			if text, ok := g.files[name]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
	})
}

func must(t *testing.T, g given) *config.Config {
	t.Helper()
	c, err := load(t, g)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func yaml(text string) given { return given{files: map[string]string{"thalamus.yaml": text}} }

func TestDefaults(t *testing.T) {
	c := must(t, given{})
	if c.Listen != "127.0.0.1:8080" || c.Data != "/home/ada/.local/share/thalamus" {
		t.Errorf("listen = %s, data = %s", c.Listen, c.Data)
	}
	if c.Graph != "sqlite:" || c.Records != "sqlite:" || c.Vectors != "sqlite:" || c.Cache != "inprocess:" || c.Embedder != "hashing:" {
		t.Errorf("stores = %s %s %s %s %s", string(c.Graph), string(c.Records), string(c.Vectors), string(c.Cache), string(c.Embedder))
	}
	if c.Log.Level != slog.LevelInfo || c.Log.Format != config.LogText || !c.Metrics || !c.Playground || c.Introspection != config.IntrospectionOn {
		t.Errorf("log = %v, metrics, playground, introspection = %v %v %v", c.Log, c.Metrics, c.Playground, c.Introspection)
	}
	if c.Limits.Timeout != 10*time.Second || c.Limits.Body != 1<<20 || c.SQLite.Synchronous != config.SynchronousNormal {
		t.Errorf("limits = %v, sqlite = %v", c.Limits, c.SQLite)
	}
	if c.OTLP.Endpoint != "" || c.EmbedderKey != "" || c.CORS.Origins != nil {
		t.Errorf("otlp, key or origins are set: %v", c)
	}
}

func TestDataDirectory(t *testing.T) {
	for _, tc := range []struct {
		env  []string
		want string
	}{
		{[]string{"XDG_DATA_HOME=/data"}, "/data/thalamus"},
		{[]string{"XDG_DATA_HOME=relative"}, "/home/ada/.local/share/thalamus"},
		{[]string{"THALAMUS_DATA=~/memory"}, "/home/ada/memory"},
		{[]string{"HOME=", "THALAMUS_DATA=here"}, "here"},
	} {
		if c := must(t, given{env: tc.env}); c.Data != tc.want {
			t.Errorf("%v: data = %s, want %s", tc.env, c.Data, tc.want)
		}
	}
	if _, err := load(t, given{env: []string{"HOME="}}); err == nil || !strings.Contains(err.Error(), "THALAMUS_DATA") {
		t.Errorf("without a home: %v", err)
	}
}

func TestLaterSourcesWin(t *testing.T) {
	g := yaml("log.level: debug\n")
	if c := must(t, g); c.Log.Level != slog.LevelDebug {
		t.Errorf("file: %v", c.Log.Level)
	}
	g.env = []string{"THALAMUS_LOG_LEVEL=warn"}
	if c := must(t, g); c.Log.Level != slog.LevelWarn {
		t.Errorf("environment: %v", c.Log.Level)
	}
	g.args = []string{"--log-level=error"}
	if c := must(t, g); c.Log.Level != slog.LevelError {
		t.Errorf("flag: %v", c.Log.Level)
	}
	g.env, g.args = []string{"THALAMUS_LOG_LEVEL="}, nil
	if c := must(t, g); c.Log.Level != slog.LevelDebug {
		t.Errorf("an empty variable is not unset: %v", c.Log.Level)
	}
	g = yaml("otlp: {endpoint: 'http://collector:4318'}")
	g.args = []string{"--otlp-endpoint="}
	if c := must(t, g); c.OTLP.Endpoint != "" {
		t.Errorf("an empty flag does not empty the key: %s", c.OTLP.Endpoint)
	}
}

func TestFileForms(t *testing.T) {
	c := must(t, yaml(`
# a comment
listen: ":0"
embedder: openai+https://api.example.com/v1
embedder.key: "k1"
metrics: off
playground: false
cors:
  origins:
    - https://a.example.com
    - http://localhost:3000
limits: {timeout: 2m, body: 4096}
sqlite:
  synchronous: full
`))
	if c.Listen != ":0" || c.Embedder != "openai+https://api.example.com/v1" || c.EmbedderKey != "k1" || c.Metrics || c.Playground {
		t.Errorf("config = %+v", c)
	}
	if want := []string{"https://a.example.com", "http://localhost:3000"}; !reflect.DeepEqual(c.CORS.Origins, want) {
		t.Errorf("origins = %v, want %v", c.CORS.Origins, want)
	}
	if c.Limits.Timeout != 2*time.Minute || c.Limits.Body != 4096 || c.SQLite.Synchronous != config.SynchronousFull {
		t.Errorf("limits = %v, sqlite = %v", c.Limits, c.SQLite)
	}
	for _, empty := range []string{"", "\n", "# nothing but a comment\n", "---\n"} {
		must(t, yaml(empty))
	}
}

func TestWhichFile(t *testing.T) {
	files := map[string]string{"a.yaml": "listen: ':1'", "b.yaml": "listen: ':2'", "thalamus.yaml": "listen: ':3'"}
	if c := must(t, given{files: files}); c.Listen != ":3" {
		t.Errorf("listen = %s", c.Listen)
	}
	if c := must(t, given{files: files, env: []string{"THALAMUS_CONFIG=a.yaml"}}); c.Listen != ":1" {
		t.Errorf("listen = %s", c.Listen)
	}
	if c := must(t, given{files: files, env: []string{"THALAMUS_CONFIG=a.yaml"}, args: []string{"--config", "b.yaml"}}); c.Listen != ":2" {
		t.Errorf("listen = %s", c.Listen)
	}
}

func TestMistakes(t *testing.T) {
	for name, tc := range map[string]struct {
		given
		want string // all of the error
	}{
		"unknown key":          {yaml("a: 1\nlisten: ':0'\nlog:\n  levle: debug"), "thalamus.yaml:1: the key \"a\" is unknown; known are *\nthalamus.yaml:4: the key \"log.levle\" is unknown; did you mean log.level?"},
		"section with a value": {yaml("log: debug"), `thalamus.yaml:1: "log" takes no value of its own; below it belong log.level, log.format`},
		"empty section":        {yaml("stale: {}"), `thalamus.yaml:1: "stale" takes no value of its own; below it belong stale.limit, stale.memory`},
		"unknown section":      {yaml("logging: {level: info}"), `thalamus.yaml:1: the key "logging.level" is unknown; did you mean log.level?`},
		"key twice":            {yaml("log.level: debug\nlog: {level: info}"), "thalamus.yaml:2: log.level: it is given in line 1 already"},
		"key without value":    {yaml("listen:"), "thalamus.yaml:1: listen: has no value: give one, or remove the line"},
		"list for one":         {yaml("listen: [a, b]"), "thalamus.yaml:1: listen: must be one value, not a list"},
		"alias":                {yaml("listen: &a ':0'"), "thalamus.yaml:1: listen: must be a plain value, without anchors, aliases and tags"},
		"two documents":        {yaml("listen: ':0'\n---\nlisten: ':1'"), "thalamus.yaml:*: the file holds more than one document"},
		"no mapping":           {yaml("- a"), "thalamus.yaml:1: the file must hold keys and values, such as \"listen: 127.0.0.1:8080\""},
		"config in the file":   {yaml("config: a.yaml"), `thalamus.yaml:1: the key "config" is unknown; known are *`},
		"bad value in file":    {yaml("\nlisten: 8080"), `thalamus.yaml:2: listen: "8080" is not host:port, such as 127.0.0.1:8080`},
		"file not there":       {given{args: []string{"--config=x.yaml"}}, "--config: cannot read x.yaml: file does not exist"},
		"unknown variable":     {given{env: []string{"THALAMUS_LSTEN=x"}}, "THALAMUS_LSTEN: this variable is unknown; did you mean THALAMUS_LISTEN?"},
		"variable of another":  {given{env: []string{"THALAMUS_XXXXXXXXXXXXXX=x"}}, "THALAMUS_XXXXXXXXXXXXXX: this variable is unknown; known are *"},
		"a foreign word":       {given{env: []string{"THALAMUS_FOO=x"}}, "THALAMUS_FOO: this variable is unknown; known are *"},
		"bad variable":         {given{env: []string{"THALAMUS_LOG_LEVEL=loud"}}, `THALAMUS_LOG_LEVEL: "loud" is not one of debug, info, warn, error`},
		"bad flag":             {given{args: []string{"--limits-timeout=10"}}, `--limits-timeout: "10" is not a positive duration, such as 500ms, 10s or 2m`},
		"bad duration or none": {given{args: []string{"--stale-limit=-1s"}}, `--stale-limit: "-1s" is not a positive duration, such as 500ms, 10s or 2m, or 0`},
		"hidden by a flag":     {given{env: []string{"THALAMUS_METRICS=maybe"}, args: []string{"--metrics=on"}}, `THALAMUS_METRICS: "maybe" is neither on nor off`},
		"size":                 {given{args: []string{"--limits-body=1 ton"}}, `--limits-body: "1 ton" is not a positive size, such as 512KiB, 1MiB or 1048576`},
		"size too large":       {given{args: []string{"--limits-body=99999999999GiB"}}, `--limits-body: "99999999999GiB" is not a positive size, such as 512KiB, 1MiB or 1048576`},
		"port":                 {given{args: []string{"--listen=:70000"}}, `--listen: "70000" is not a port: give a number from 0 to 65535`},
		"origin":               {given{args: []string{"--cors-origins=https://a.example.com/"}}, `--cors-origins: "https://a.example.com/" is not a web origin: give the scheme, the host and nothing else, as in https://app.example.com`},
		"synchronous":          {given{args: []string{"--sqlite-synchronous=off"}}, `--sqlite-synchronous: "off" is not one of NORMAL, FULL`},
		"endpoint":             {given{args: []string{"--otlp-endpoint=localhost:4318"}}, "--otlp-endpoint: must be an http or https URL, such as http://localhost:4318, or empty"},
		"url keeps quiet":      {given{args: []string{"--graph=//u:hunter2@db"}}, "--graph: must be a URL that names a product, such as sqlite: or redis://localhost:6379"},
		"everything at once":   {given{env: []string{"THALAMUS_METRICS=x", "THALAMUS_NO=1"}, args: []string{"--log-format=xml"}}, "THALAMUS_METRICS: \"x\" is neither on nor off\nTHALAMUS_NO: this variable is unknown; *\n--log-format: \"xml\" is not one of text, json"},
	} {
		_, err := load(t, tc.given)
		if err == nil {
			t.Errorf("%s: no error, want %s", name, tc.want)
			continue
		}
		if !matches(err.Error(), tc.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, err, tc.want)
		}
		var p *config.Problem
		if !errors.As(err, &p) || p.Source == "" {
			t.Errorf("%s: %v is not a problem with a source", name, err)
		}
	}
}

// matches compares line by line; a star stands for any text.
func matches(got, want string) bool {
	gots, wants := strings.Split(got, "\n"), strings.Split(want, "\n")
	if len(gots) != len(wants) {
		return false
	}
	for i, w := range wants {
		head, tail, starred := strings.Cut(w, "*")
		if !starred && gots[i] != w || starred && !(strings.HasPrefix(gots[i], head) && strings.HasSuffix(gots[i], tail)) {
			return false
		}
	}
	return true
}

func TestSyntaxErrorsShowNoContent(t *testing.T) {
	_, err := load(t, yaml("embedder.key: hunter2\nlisten: \"unfinished\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "thalamus.yaml:2: this is not YAML") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error = %v", err)
	}
}

func TestForeignVariablesAreIgnored(t *testing.T) {
	must(t, given{env: []string{
		"THALAMUS_TEST_GRAPH=neo4j://x", "THALAMUSLIKE=1",
		"THALAMUS_SERVICE_HOST=10.0.0.1", "THALAMUS_SERVICE_PORT=80", "THALAMUS_SERVICE_PORT_HTTP=80", "THALAMUS_PORT=tcp://10.0.0.1:80",
		"THALAMUS_PORT_80_TCP=tcp://10.0.0.1:80", "THALAMUS_PORT_80_TCP_PROTO=tcp", "THALAMUS_PORT_80_TCP_PORT=80", "THALAMUS_PORT_80_TCP_ADDR=10.0.0.1",
	}})
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]config.Size{"1": 1, "10B": 10, "2kB": 2000, "2KiB": 2048, "3MB": 3e6, "1 GiB": 1 << 30} {
		if c := must(t, given{args: []string{"--limits-body=" + text}}); c.Limits.Body != want {
			t.Errorf("%s = %d, want %d", text, c.Limits.Body, want)
		}
	}
}

func TestNoDuration(t *testing.T) {
	for _, text := range []string{"0", "0s"} {
		c := must(t, given{env: []string{"THALAMUS_STALE_LIMIT=" + text}})
		if c.Stale.Limit != 0 || !slices.Contains(c.Effective(), config.Setting{Key: "stale.limit", Value: "0", Source: "THALAMUS_STALE_LIMIT"}) {
			t.Errorf("%s: %s, %v", text, c.Stale.Limit, c.Effective())
		}
	}
	if c := must(t, given{}); c.Stale.Limit != 5*time.Minute {
		t.Errorf("the default is %s", c.Stale.Limit)
	}
}

func TestSwitchFlags(t *testing.T) {
	c := must(t, given{env: []string{"THALAMUS_PLAYGROUND=off"}, args: []string{"--playground", "on", "--metrics=no", "--introspection", "off"}})
	if !c.Playground || c.Metrics || c.Introspection != config.IntrospectionOff {
		t.Errorf("playground, metrics, introspection = %v %v %v, want true false false", c.Playground, c.Metrics, c.Introspection)
	}
}

func TestAccess(t *testing.T) {
	c := must(t, given{})
	if c.Development || c.Auth.Configured() || c.Auth.JWT.Leeway != 30*time.Second || c.Auth.JWT.Role != config.RoleReader || c.Auth.JWT.Claims != (config.Claims{User: "sub", Device: "device", Agent: "agent", Role: "role"}) {
		t.Errorf("the defaults are %v %+v", c.Development, c.Auth)
	}
	for text, want := range map[string]config.Introspection{"yes": config.IntrospectionOn, "0": config.IntrospectionOff, "Writer": "writer"} {
		if c := must(t, given{args: []string{"--development", "--introspection", text}}); c.Introspection != want || !c.Development {
			t.Errorf("%s: %s, %v", text, c.Introspection, c.Development)
		}
	}
	for _, file := range []string{"introspection: root", "auth.jwt.role: root", "auth.jwt.claims.user: ''", "auth.jwt.jwks: nowhere", "auth: {jwt: {secret: a, secretFile: b}}"} {
		if _, err := load(t, yaml(file)); err == nil {
			t.Errorf("%s is accepted", file)
		}
	}
	c = must(t, given{env: []string{"THALAMUS_AUTH_JWT_SECRET=what nobody may see"}})
	if !c.Auth.Configured() || strings.Contains(fmt.Sprintf("%+v %v", c, c.Effective()), "nobody") {
		t.Error("the secret is shown, or counts for nothing")
	}
}

func TestMarkdownIsCommitted(t *testing.T) {
	const file = "../docs/configuration.md"
	want := config.Markdown()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s differs from the table of keys: run go test ./config -update", file)
	}
}
