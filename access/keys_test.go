package access_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"thalamus/access"
	"thalamus/stores"
)

// keysFile writes a file of keys.
func keysFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "keys.yaml")
	rewrite(t, name, text)
	return name
}

func rewrite(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func line(t *testing.T, e access.Entry) string {
	t.Helper()
	text, err := e.Line()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestKeys(t *testing.T) {
	open, bound, json, old := access.NewKey(), access.NewKey(), access.NewKey(), access.NewKey()
	name := keysFile(t, line(t, access.Entry{Name: "open", Hash: access.Hash(open), User: "ann"})+
		line(t, access.Entry{Name: "bound", Hash: access.Hash(bound), User: "zoë", Device: "laptop", Agent: "scout", Role: "admin", Expires: time.Now().Add(time.Hour).Format(time.RFC3339)})+
		line(t, access.Entry{Name: "old", Hash: access.Hash(old), User: "ann", Expires: "2020-01-31T00:00:00Z"})+
		`- {"name": "json", "hash": "`+access.Hash(json)+`", "user": "bob", "role": "writer"}`)
	keys, err := access.NewKeys(name, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	by := access.Guarded{Keys: keys}
	for _, c := range []struct {
		key    string
		wishes []string
		want   access.Caller
		refuse access.Reason
	}{
		{open, nil, access.Caller{Name: "open", Scope: stores.NewScope("ann", "", ""), Role: access.Reader}, ""},
		{open, []string{access.AgentHeader, "x"}, access.Caller{Name: "open", Scope: stores.NewScope("ann", "", "x"), Role: access.Reader}, ""},
		{open, []string{access.UserHeader, "bob"}, access.Caller{}, access.ReasonScope},
		{bound, nil, access.Caller{Name: "bound", Scope: stores.NewScope("zoë", "laptop", "scout"), Role: access.Admin}, ""},
		{bound, []string{access.DeviceHeader, "phone"}, access.Caller{}, access.ReasonScope},
		{json, nil, access.Caller{Name: "json", Scope: stores.NewScope("bob", "", ""), Role: access.Writer}, ""},
		{old, nil, access.Caller{}, access.ReasonExpired},
		{access.NewKey(), nil, access.Caller{}, access.ReasonUnknown},
		{open[:len(open)-1], nil, access.Caller{}, access.ReasonUnknown},
		{strings.TrimPrefix(access.Hash(open), "sha256:"), nil, access.Caller{}, access.ReasonUnknown},
		{hs256(t, nil), nil, access.Caller{}, access.ReasonUnknown},
	} {
		got, err := ask(t, by, header(with(c.key, c.wishes...)...))
		if reason(t, err) != c.refuse || err == nil && (got.Name != c.want.Name || got.Scope != c.want.Scope || got.Role != c.want.Role || got.Expires.IsZero() != (c.key != bound)) {
			t.Errorf("%+v, %v; want %+v %q", got, err, c.want, c.refuse)
		}
	}
}

// TestKeysAndTokens accepts both.
func TestKeysAndTokens(t *testing.T) {
	key := access.NewKey()
	keys, err := access.NewKeys(keysFile(t, line(t, access.Entry{Name: "k", Hash: access.Hash(key), User: "bob"})), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	by := verifier(t, access.TokenOptions{Secret: []byte(secret)})
	by.Keys = keys
	for token, want := range map[string]access.Reason{key: "", hs256(t, nil): "", "x" + key: access.ReasonUnknown, "a.b.c": access.ReasonMalformed, "": access.ReasonMalformed} {
		if _, err := ask(t, by, header(with(token)...)); reason(t, err) != want {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestKeysChange adds, breaks and removes keys of a file that is in use.
func TestKeysChange(t *testing.T) {
	first, second := access.NewKey(), access.NewKey()
	name := keysFile(t, line(t, access.Entry{Name: "first", Hash: access.Hash(first), User: "ann"}))
	var log strings.Builder
	keys, err := access.NewKeys(name, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	by := access.Guarded{Keys: keys}
	check := func(what string, wantFirst, wantSecond bool) {
		t.Helper()
		keys.LookAgain()
		_, one := ask(t, by, header(with(first)...))
		_, two := ask(t, by, header(with(second)...))
		if (one == nil) != wantFirst || (two == nil) != wantSecond {
			t.Errorf("%s: %v, %v", what, one, two)
		}
	}
	let, err := ask(t, by, header(with(first)...))
	if err != nil {
		t.Fatal(err)
	}
	inside := access.With(t.Context(), let)
	if !access.Valid(inside) {
		t.Error("who was let in is not known")
	}
	rewrite(t, name, line(t, access.Entry{Name: "second", Hash: access.Hash(second), User: "ann"}))
	if _, err := ask(t, by, header(with(first)...)); err != nil {
		t.Errorf("the file is read for each request: %v", err)
	}
	check("another file", false, true)
	if access.Valid(inside) {
		t.Error("who was let in is known although the key was taken back")
	}
	rewrite(t, name, line(t, access.Entry{Name: "first", Hash: access.Hash(first), User: "ann", Role: "writer"})+line(t, access.Entry{Name: "second", Hash: access.Hash(second), User: "ann"}))
	check("both keys", true, true)
	if access.Valid(inside) {
		t.Error("who was let in is known although the key has another role")
	}
	rewrite(t, name, line(t, access.Entry{Name: "second", Hash: access.Hash(second), User: "ann"}))
	check("another file again", false, true)
	rewrite(t, name, "- name: first\n  hash: "+first)
	check("a broken file", false, true)
	check("a broken file, again", false, true)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	check("no file", false, true)
	rewrite(t, name, "\n")
	check("an empty file", false, true)
	rewrite(t, name, "[]\n")
	check("no keys", false, false)
	if text := log.String(); strings.Count(text, "level=ERROR") != 3 || strings.Contains(text, first) || strings.Count(text, "level=INFO") != 4 {
		t.Errorf("the log:\n%s", text)
	}
}

func TestBrokenKeysFiles(t *testing.T) {
	good := line(t, access.Entry{Name: "a", Hash: access.Hash("k"), User: "ann"})
	for text, want := range map[string]string{
		" ":                     "write []",
		"name: x":               "list of entries",
		"- [":                   "list of entries",
		good + "  key: plain\n": "line 4",
		good + good:             "entry 2",
		strings.Replace(good, "name: a", "name: \"\"", 1):         "name",
		strings.Replace(good, "name: a", "name: \"a\\nb\"", 1):    "name",
		strings.Replace(good, "sha256:", "", 1):                   "thalamus key",
		"- {name: a, hash: plain-text-key, user: ann}":            "thalamus key",
		strings.Replace(good, "user: ann", "user: \" \"", 1):      "user",
		strings.Replace(good, "user: ann", "role: reader", 1):     "user",
		good + "  role: root\n":                                   "role",
		good + "  expires: tomorrow\n":                            "expires",
		good + "  device: " + strings.Repeat("x", 256) + "\n":     "device",
		strings.Replace(good, "user: ann", "user: [ann, bob]", 1): "list of entries",
	} {
		_, err := access.NewKeys(keysFile(t, text), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "plain") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := access.NewKeys(filepath.Join(t.TempDir(), "none"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a file that is not there is accepted")
	}
	if _, err := (access.Entry{Name: "a", Hash: access.Hash("k"), User: "ann", Role: "root"}).Line(); err == nil {
		t.Error("an entry of an unknown role is made")
	}
}

// TestModesOfKeysFiles refuses a file that others may write, also while it is in use, and says when others may read it.
func TestModesOfKeysFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	key := access.NewKey()
	for mode, want := range map[os.FileMode]struct{ refused, exposed bool }{
		0o600: {}, 0o400: {}, 0o640: {exposed: true}, 0o604: {exposed: true}, 0o444: {exposed: true},
		0o620: {refused: true}, 0o602: {refused: true}, 0o664: {refused: true},
	} {
		name := keysFile(t, line(t, access.Entry{Name: "a", Hash: access.Hash(key), User: "ann"}))
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
		var log strings.Builder
		keys, err := access.NewKeys(name, slog.New(slog.NewTextHandler(&log, nil)))
		if want.refused {
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "chmod 600") {
				t.Errorf("%o: %v", mode, err)
			}
			continue
		}
		if err != nil || keys.Count() != 1 || keys.Exposed() != want.exposed || strings.Contains(log.String(), "level=WARN") != want.exposed {
			t.Errorf("%o: %v, %s", mode, err, &log)
			continue
		}
		if err := errors.Join(os.Chmod(name, 0o622), os.WriteFile(name, []byte("[]"), 0o600)); err != nil {
			t.Fatal(err)
		}
		keys.LookAgain()
		if _, err := ask(t, access.Guarded{Keys: keys}, header(with(key)...)); err != nil || !strings.Contains(log.String(), "the former keys hold") {
			t.Errorf("%o, and then written by others: %v, %s", mode, err, &log)
		}
	}
}
