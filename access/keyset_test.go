package access_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"thalamus/access"
)

var (
	rsa2048, _     = rsa.GenerateKey(rand.Reader, 2048)
	elliptic256, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	elliptic384, _ = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
)

// issuer serves keys over HTTP.
type issuer struct {
	*httptest.Server
	mu     sync.Mutex
	kids   []string // of the keys that are served
	broken string   // what is served instead, with status 500
	text   string   // what is served instead
	asked  int
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{kids: []string{"rsa", "elliptic", "elliptic384"}}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.asked++
		if i.broken != "" {
			http.Error(w, i.broken, http.StatusInternalServerError)
			return
		}
		if i.text != "" {
			_, _ = w.Write([]byte(i.text))
			return
		}
		var keys []map[string]any
		for _, kid := range i.kids {
			keys = append(keys, i.key(kid))
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
	}))
	t.Cleanup(func() {
		i.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return i
}

// key is a public key as JSON.
func (i *issuer) key(kid string) map[string]any {
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	point := func(curve string, k *ecdsa.PrivateKey) map[string]any {
		raw, _ := k.PublicKey.Bytes()
		x, y := raw[1:1+len(raw)/2], raw[1+len(raw)/2:]
		return map[string]any{
			"kty": "EC", "kid": kid, "use": "sig", "crv": curve,
			"x": base64.RawURLEncoding.EncodeToString(x), "y": base64.RawURLEncoding.EncodeToString(y),
		}
	}
	switch {
	case strings.HasPrefix(kid, "elliptic384"):
		return point("P-384", elliptic384)
	case strings.HasPrefix(kid, "elliptic"):
		return point("P-256", elliptic256)
	}
	return map[string]any{"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": number(rsa2048.N), "e": "AQAB"}
}

func (i *issuer) set() access.KeySetURL {
	return access.KeySetURL{URL: i.URL, Log: slog.New(slog.DiscardHandler)}
}

// serve changes the keys that are served, or breaks the server.
func (i *issuer) serve(broken string, kids ...string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kids, i.broken = kids, broken
}

// say changes what is served to a text, and with "" to keys again.
func (i *issuer) say(text string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.text = text
}

func (i *issuer) requests() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

func TestKeySet(t *testing.T) {
	keys := newIssuer(t)
	by := verifier(t, access.TokenOptions{KeySet: keys.set(), Audience: "thalamus"})
	for what, c := range map[string]struct {
		token string
		want  access.Reason
	}{
		"RS256":              {sign(t, jwt.SigningMethodRS256, "rsa", rsa2048, claims(nil)), ""},
		"ES256":              {sign(t, jwt.SigningMethodES256, "elliptic", elliptic256, claims(nil)), ""},
		"ES384":              {sign(t, jwt.SigningMethodES384, "elliptic384", elliptic384, claims(nil)), ""},
		"no kid":             {sign(t, jwt.SigningMethodRS256, "", rsa2048, claims(nil)), ""},
		"alg of another key": {sign(t, jwt.SigningMethodPS256, "rsa", rsa2048, claims(nil)), access.ReasonInvalid},
		"not listed":         {sign(t, jwt.SigningMethodRS512, "rsa", rsa2048, claims(nil)), access.ReasonInvalid},
		"another key":        {sign(t, jwt.SigningMethodES256, "rsa", elliptic256, claims(nil)), access.ReasonInvalid},
		"expired":            {sign(t, jwt.SigningMethodRS256, "rsa", rsa2048, claims(map[string]any{"exp": 1})), access.ReasonExpired},
		"another audience":   {sign(t, jwt.SigningMethodRS256, "rsa", rsa2048, claims(map[string]any{"aud": "other"})), access.ReasonInvalid},
	} {
		if _, err := ask(t, by, header(with(c.token)...)); reason(t, err) != c.want {
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
	if n := keys.requests(); n != 1 {
		t.Errorf("the keys were read %d times", n)
	}
}

// TestRotation signs with a key that was not there at first: it is found, and keys that nobody has are asked for once.
func TestRotation(t *testing.T) {
	keys := newIssuer(t)
	by := verifier(t, access.TokenOptions{KeySet: keys.set(), Audience: "thalamus"})
	keys.serve("", "rsa2", "elliptic")
	if _, err := ask(t, by, header(with(sign(t, jwt.SigningMethodRS256, "rsa2", rsa2048, claims(nil)))...)); err != nil {
		t.Errorf("a new key: %v", err)
	}
	for range 20 {
		if _, err := ask(t, by, header(with(sign(t, jwt.SigningMethodRS256, "nobody's", rsa2048, claims(nil)))...)); reason(t, err) != access.ReasonInvalid {
			t.Errorf("an unknown key: %v", err)
		}
	}
	if n := keys.requests(); n != 2 {
		t.Errorf("the keys were read %d times, want 2", n)
	}
	if _, err := ask(t, by, header(with(sign(t, jwt.SigningMethodRS256, "rsa", rsa2048, claims(nil)))...)); reason(t, err) != access.ReasonInvalid {
		t.Errorf("a key that was withdrawn: %v", err)
	}
}

// TestOutage takes the server of the keys away, after they were read and before.
func TestOutage(t *testing.T) {
	keys := newIssuer(t)
	token := header(with(sign(t, jwt.SigningMethodRS256, "rsa", rsa2048, claims(nil)))...)
	before := verifier(t, access.TokenOptions{KeySet: keys.set(), Audience: "thalamus"})
	keys.serve("down")
	during := verifier(t, access.TokenOptions{KeySet: keys.set(), Audience: "thalamus"})
	if _, err := ask(t, before, header(with(sign(t, jwt.SigningMethodRS256, "new", rsa2048, claims(nil)))...)); reason(t, err) != access.ReasonInvalid {
		t.Errorf("an unknown key: %v", err)
	}
	if _, err := ask(t, before, token); err != nil {
		t.Errorf("a key that is known: %v", err)
	}
	keys.serve("", "rsa")
	if _, err := ask(t, during, token); err != nil {
		t.Errorf("once the server is back: %v", err)
	}
	large := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"keys": [` + strings.Repeat(" ", 2<<20) + `]}`))
	}))
	defer large.Close()
	var told strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := access.NewTokens(ctx, access.TokenOptions{Audience: "thalamus", KeySet: access.KeySetURL{URL: large.URL, Log: slog.New(slog.NewTextHandler(&told, nil))}}); err != nil || !strings.Contains(told.String(), "too large") {
		t.Errorf("a huge answer: %v, %s", err, &told)
	}
}

// TestKeysOnTheWay refuses keys that others could exchange, those behind a redirect, too.
func TestKeysOnTheWay(t *testing.T) {
	for url, fine := range map[string]bool{
		"http://issuer.example/keys": false, "http://127.0.0.1.issuer.example/keys": false, "http://10.0.0.1/keys": false, "HTTP://issuer.example": false,
		"https://issuer.invalid/keys": true, "http://127.0.0.1:1/": true, "http://[::1]:1/": true, "http://LOCALHOST:1/": true, "http://localhost.:1/": true,
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nobody is asked
		_, err := access.NewTokens(ctx, access.TokenOptions{Audience: "thalamus", KeySet: access.KeySetURL{URL: url, Log: slog.New(slog.DiscardHandler)}})
		if (err == nil) != fine || err != nil && (!strings.Contains(err.Error(), "auth.jwt.jwks") || !strings.Contains(err.Error(), "https")) {
			t.Errorf("%s: %v", url, err)
		}
	}
	away := httptest.NewServer(http.RedirectHandler("http://issuer.invalid/keys", http.StatusFound))
	defer away.Close()
	if n, err := (access.KeySetURL{URL: away.URL}).Usable(t.Context()); err == nil || n != 0 || !strings.Contains(err.Error(), "use https") {
		t.Errorf("a redirect to where it is not secure: %d, %v", n, err)
	}
}

// TestUsable counts keys that verify tokens, and says why there are none.
func TestUsable(t *testing.T) {
	keys := newIssuer(t)
	for text, want := range map[string]int{
		"": 3, `{"keys": []}`: 0, `{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}`: 0,
		`{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`: 1,
	} {
		keys.serve("", "rsa", "elliptic", "elliptic384")
		keys.say(text)
		if n, err := keys.set().Usable(t.Context()); n != want || err != nil {
			t.Errorf("%s: %d, %v; want %d", text, n, err, want)
		}
	}
	keys.say("<html>")
	if n, err := keys.set().Usable(t.Context()); err == nil || n != 0 {
		t.Errorf("a page: %d, %v", n, err)
	}
	keys.serve("down")
	if n, err := keys.set().Usable(t.Context()); err == nil || n != 0 || !strings.Contains(err.Error(), "500") {
		t.Errorf("a server that is down: %d, %v", n, err)
	}
	if n, err := (access.KeySetURL{URL: "http://u:hunter2@127.0.0.1:1/?key=hunter2"}).Usable(t.Context()); err == nil || n != 0 || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("no server: %d, %v", n, err)
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LocalHost": true, "localhost.": true, "LOCALHOST.": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true,
		"": false, ".": false, "localhost..": false, "localhost.example": false, "127.0.0.1.": false, "127.0.0.1.example": false, "10.0.0.1": false, "0.0.0.0": false, "::": false,
	} {
		if access.Loopback(host) != want {
			t.Errorf("%q is %t", host, !want)
		}
	}
}
