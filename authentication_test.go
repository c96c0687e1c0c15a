package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thalamus/access"
	"thalamus/config"
)

const countEpisodes = `{ episodes { totalCount } }`

// apiKey makes a key for ann with a role, as an operator does, and the file that knows it.
func apiKey(t *testing.T, role string) (key, file string) {
	t.Helper()
	entry, told, err := command(t, home(t), "", "key", "a key of ann", "--user", "ann", "--role", role)
	if err != nil {
		t.Fatal(err)
	}
	key = strings.TrimSpace(told)
	if !strings.HasPrefix(key, "thalamus_") || len(key) < 40 || strings.Contains(entry, key) {
		t.Fatalf("the key %q, the entry:\n%s", key, entry)
	}
	file = filepath.Join(t.TempDir(), "keys.yaml")
	if err := os.WriteFile(file, []byte(entry), 0o600); err != nil {
		t.Fatal(err)
	}
	return key, file
}

func codeOf(a answered) any {
	if len(a.Errors) == 0 {
		return nil
	}
	return a.Errors[0].Extensions["code"]
}

// TestLocalMode serves one user, and tells those who expect several.
func TestLocalMode(t *testing.T) {
	s := serving(t, home(t), "serve", "--data", t.TempDir())
	s.log.await(t, "everybody on this machine is the one user")
	if a := query(t, s.URL, countEpisodes, nil); a.status != http.StatusOK || len(a.Errors) > 0 {
		t.Errorf("%+v", a)
	}
	a := query(t, s.URL, countEpisodes, nil, access.UserHeader, "ann")
	if a.status != http.StatusForbidden || codeOf(a) != "FORBIDDEN" || !strings.Contains(a.Errors[0].Message, "--development") {
		t.Errorf("%+v", a)
	}
	wants(t, "the log", s.log.await(t, "msg=operation"), "caller=local")
}

// TestDevelopmentMode believes headers, and says so at the start.
func TestDevelopmentMode(t *testing.T) {
	for _, how := range []struct{ environ, args []string }{
		{nil, []string{"--development"}}, {nil, []string{"--development=on"}}, {[]string{"THALAMUS_DEVELOPMENT=true"}, nil},
		{nil, []string{"--config", write(t, "thalamus.yaml", "development: true\n")}},
	} {
		s := serving(t, append(home(t), how.environ...), append([]string{"serve", "--data", t.TempDir()}, how.args...)...)
		wants(t, "the log", s.log.await(t, "development mode"), "level=WARN", "loopback")
		query(t, s.URL, `mutation { createEpisode(input: {content: "x", sessionId: "s"}) { problems { message } } }`, nil, access.UserHeader, "ann")
		for user, want := range map[string]float64{"ann": 1, "bob": 0} {
			if a := query(t, s.URL, countEpisodes, nil, access.UserHeader, user); a.Data["episodes"].(map[string]any)["totalCount"] != want {
				t.Errorf("%s: %+v", user, a)
			}
		}
		if err := s.end(); err != nil {
			t.Error(err)
		}
	}
}

// TestAuthentication serves those who have a key.
func TestAuthentication(t *testing.T) {
	key, file := apiKey(t, "reader")
	s := serving(t, home(t), "serve", "--data", t.TempDir(), "--auth-keys", file)
	if a := query(t, s.URL, countEpisodes, nil, "Authorization", "Bearer "+key); a.status != http.StatusOK || len(a.Errors) > 0 {
		t.Errorf("with a key: %+v", a)
	}
	wants(t, "the log", s.log.await(t, "msg=operation"), `caller="a key of ann"`)
	if a := query(t, s.URL, `mutation { deleteTodo(input: {id: "x"}) { deleted } }`, nil, "Authorization", "Bearer "+key); codeOf(a) != "FORBIDDEN" {
		t.Errorf("a reader writes: %+v", a)
	}
	if a := query(t, s.URL, countEpisodes, nil, requestHeader, "refused-1"); a.status != http.StatusUnauthorized || codeOf(a) != "UNAUTHENTICATED" || a.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("without one: %+v", a)
	}
	wants(t, "the log", s.log.await(t, "a caller was refused"), "reason=missing", "request_id=refused-1")
	// It answers to any name, since a page that rebinds one has no key.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "memory.example"
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("another name: %d", response.StatusCode)
	}
	_, metrics, _ := get(t, s.URL+"/metrics")
	wants(t, "/metrics", metrics, `thalamus_access_refused_total{reason="missing"} 1`)
	if text := s.log.String(); strings.Contains(text, key) || strings.Contains(text, "no authentication") {
		t.Errorf("the log:\n%s", text)
	}
}

// TestListeningElsewhere takes authentication.
func TestListeningElsewhere(t *testing.T) {
	_, file := apiKey(t, "writer")
	cfg, err := config.Load(config.Sources{Environ: append(home(t), "THALAMUS_DATA="+t.TempDir(), "THALAMUS_LISTEN=0.0.0.0:0", "THALAMUS_AUTH_KEYS="+file), ReadFile: os.ReadFile})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newServer(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestContradictionsOfAccess(t *testing.T) {
	_, file := apiKey(t, "admin")
	broken := write(t, "keys.yaml", "- {name: a, hash: plain, user: ann}")
	for what, c := range map[string]struct {
		environ, args []string
		wants         []string
	}{
		"two modes":           {nil, []string{"--development", "--auth-keys", file}, []string{"development", "auth.keys"}},
		"an issuer alone":     {nil, []string{"--auth-jwt-issuer", "https://issuer.example"}, []string{"--auth-jwt-issuer", "auth.jwt.secret", "auth.jwt.jwks"}},
		"a role alone":        {[]string{"THALAMUS_AUTH_JWT_ROLE=admin"}, nil, []string{"THALAMUS_AUTH_JWT_ROLE", "auth.jwt.secret"}},
		"a short secret":      {[]string{"THALAMUS_AUTH_JWT_SECRET=short-one"}, nil, []string{"32"}},
		"keys for anybody":    {nil, []string{"--auth-jwt-jwks", "http://127.0.0.1:1/keys"}, []string{"auth.jwt.audience"}},
		"keys in the open":    {nil, []string{"--auth-jwt-jwks", "http://issuer.example/keys", "--auth-jwt-audience", "x"}, []string{"auth.jwt.jwks", "issuer.example", "use https"}},
		"a broken file":       {nil, []string{"--auth-keys", broken}, []string{broken, "entry 1", "hash"}},
		"no file":             {nil, []string{"--auth-keys", "/nowhere/keys.yaml"}, []string{"/nowhere/keys.yaml"}},
		"all interfaces":      {nil, []string{"--listen", "0.0.0.0:0"}, []string{"loopback", "auth.keys", "auth.jwt.secret"}},
		"development outside": {nil, []string{"--development", "--listen", "0.0.0.0:0"}, []string{"loopback"}},
	} {
		_, _, err := command(t, append(home(t), append(c.environ, "THALAMUS_DATA="+t.TempDir())...), "", append([]string{"serve"}, c.args...)...)
		if err == nil {
			t.Errorf("%s: it serves", what)
			continue
		}
		wants(t, what, err.Error(), c.wants...)
		if strings.Contains(err.Error(), "plain") || strings.Contains(err.Error(), "short-one") {
			t.Errorf("%s: a secret is told: %v", what, err)
		}
	}
	if _, _, err := command(t, home(t), "", "demo", "--data", t.TempDir(), "--auth-keys", file); err == nil || !strings.Contains(err.Error(), "development mode") {
		t.Errorf("the demo: %v", err)
	}
	for _, args := range [][]string{{"key"}, {"key", "a"}, {"key", "a", "--user", "ann", "--role", "root"}, {"key", "a", "--user", "ann", "--expires", "soon"}, {"key", "a", "--user", "ann", "--expires", "2020-01-01T00:00:00Z"}} {
		if out, told, err := command(t, home(t), "", args...); err == nil || out+told != "" {
			t.Errorf("%v: %q %q %v", args, out, told, err)
		}
	}
}

// TestDoctorLooksAtAccess in each mode.
func TestDoctorLooksAtAccess(t *testing.T) {
	_, file := apiKey(t, "admin")
	_, exposed := apiKey(t, "admin")
	_, open := apiKey(t, "admin")
	for name, mode := range map[string]os.FileMode{exposed: 0o644, open: 0o664} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	for what, c := range map[string]struct {
		args    []string
		check   string
		verdict verdict
		details []string
	}{
		"local":             {nil, "access", good, []string{"one user"}},
		"development":       {[]string{"--development"}, "access", warning, []string{"development mode"}},
		"keys":              {[]string{"--auth-keys", file}, "access", good, []string{"API key"}},
		"what is in them":   {[]string{"--auth-keys", file}, "API keys", good, []string{file + " has 1 key"}},
		"read by others":    {[]string{"--auth-keys", exposed}, "API keys", warning, []string{exposed, "1 key", "others"}},
		"written by others": {[]string{"--auth-keys", open}, "access", failure, []string{open, "chmod 600"}},
		"a bad file":        {[]string{"--auth-keys", "/nowhere"}, "access", failure, []string{"/nowhere"}},
		"an empty file":     {[]string{"--auth-keys", write(t, "keys.yaml", "\n")}, "access", failure, []string{"empty"}},
		"operations":        {[]string{"--persisted-allowed", write(t, "fine.json", `{"a": "{ __typename }"}`)}, "allowed operations", good, []string{"fine.json"}},
		"unfit operations":  {[]string{"--persisted-allowed", write(t, "bad.json", `{"a": "{ nope }"}`)}, "allowed operations", failure, []string{"bad.json: a does not fit", "line 1, column 3", "nope"}},
		"no operations":     {[]string{"--persisted-allowed", write(t, "one.graphql", `{ __typename }`)}, "allowed operations", failure, []string{"one.graphql", "directory"}},
	} {
		_, found := examine(t, home(t), append(c.args, append(anyPort, "--data", t.TempDir())...)...)
		f := found[c.check]
		if f.Verdict != c.verdict {
			t.Errorf("%s: %+v", what, f)
		}
		wants(t, what, f.Detail, c.details...)
		if all := fmt.Sprint(found); strings.Contains(all, "sha256:") || strings.Contains(all, "a key of ann") {
			t.Errorf("%s tells what is in the file: %s", what, all)
		}
	}
}

// TestDoctorAsksTheIssuer for its keys.
func TestDoctorAsksTheIssuer(t *testing.T) {
	for what, c := range map[string]struct {
		answer  string
		verdict verdict
		detail  string
	}{
		"a key":       {`{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`, good, "has 1 usable key"},
		"no key":      {`{"keys": []}`, failure, "no key for RS256"},
		"no keys":     {`<html>`, failure, "cannot be read"},
		"no issuer":   {"", failure, "404"},
		"not secured": {"-", failure, "use https"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c.answer == "" {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, c.answer)
		}))
		at, check := s.URL+"/?key=hunter2", "keys of tokens"
		if c.answer == "-" {
			at, check = "http://issuer.invalid/?key=hunter2", "access"
		}
		_, found := examine(t, home(t), append(anyPort, "--data", t.TempDir(), "--auth-jwt-jwks", at, "--auth-jwt-audience", "thalamus")...)
		if f := found[check]; f.Verdict != c.verdict || !strings.Contains(f.Detail, c.detail) || strings.Contains(f.Detail, "hunter2") {
			t.Errorf("%s: %+v", what, f)
		}
		s.Close()
	}
}
