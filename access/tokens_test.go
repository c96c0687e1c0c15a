package access_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"thalamus/access"
	"thalamus/stores"
)

const secret = "a secret for tests, of more than 32 bytes"

var names = access.Claims{User: "sub", Device: "device", Agent: "agent", Role: "role"}

// verifier accepts tokens by options, to which the usual ones are added.
func verifier(t *testing.T, o access.TokenOptions) access.Guarded {
	t.Helper()
	o.Claims, o.Role = names, access.Reader
	tokens, err := access.NewTokens(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return access.Guarded{Tokens: tokens}
}

// claims are those of a token that everybody accepts, with changes; nil takes a claim away.
func claims(changes map[string]any) jwt.MapClaims {
	now := time.Now()
	c := jwt.MapClaims{"sub": "ann", "iss": "https://issuer.example", "aud": "thalamus", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(c, changes)
	for name, value := range changes {
		if value == nil {
			delete(c, name)
		}
	}
	return c
}

func sign(t *testing.T, method jwt.SigningMethod, kid string, key any, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(method, c)
	if kid != "" {
		token.Header["kid"] = kid
	}
	signed, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func hs256(t *testing.T, changes map[string]any) string {
	t.Helper()
	return sign(t, jwt.SigningMethodHS256, "", []byte(secret), claims(changes))
}

func with(token string, pairs ...string) []string {
	return append([]string{"Authorization", "Bearer " + token}, pairs...)
}

func TestTokens(t *testing.T) {
	by := verifier(t, access.TokenOptions{Secret: []byte(secret), Issuer: "https://issuer.example", Audience: "thalamus", Leeway: time.Minute})
	now := time.Now()
	for what, c := range map[string]struct {
		token string
		want  access.Reason
	}{
		"good":              {hs256(t, nil), ""},
		"two audiences":     {hs256(t, map[string]any{"aud": []string{"other", "thalamus"}}), ""},
		"just expired":      {hs256(t, map[string]any{"exp": now.Add(-30 * time.Second).Unix()}), ""},
		"expired":           {hs256(t, map[string]any{"exp": now.Add(-2 * time.Minute).Unix()}), access.ReasonExpired},
		"no exp":            {hs256(t, map[string]any{"exp": nil}), access.ReasonInvalid},
		"exp is a text":     {hs256(t, map[string]any{"exp": "tomorrow"}), access.ReasonInvalid},
		"exp is huge":       {hs256(t, map[string]any{"exp": 1e300}), access.ReasonExpired},
		"not yet":           {hs256(t, map[string]any{"nbf": now.Add(2 * time.Minute).Unix()}), access.ReasonInvalid},
		"nbf is an object":  {hs256(t, map[string]any{"nbf": map[string]any{}}), access.ReasonInvalid},
		"issued later":      {hs256(t, map[string]any{"iat": now.Add(2 * time.Minute).Unix()}), access.ReasonInvalid},
		"another issuer":    {hs256(t, map[string]any{"iss": "https://issuer.example.evil"}), access.ReasonInvalid},
		"no issuer":         {hs256(t, map[string]any{"iss": nil}), access.ReasonInvalid},
		"another audience":  {hs256(t, map[string]any{"aud": "thalamus2"}), access.ReasonInvalid},
		"no audience":       {hs256(t, map[string]any{"aud": nil}), access.ReasonInvalid},
		"no user":           {hs256(t, map[string]any{"sub": nil}), access.ReasonInvalid},
		"an empty user":     {hs256(t, map[string]any{"sub": ""}), access.ReasonInvalid},
		"user is a number":  {hs256(t, map[string]any{"sub": 5}), access.ReasonInvalid},
		"an unseen user":    {hs256(t, map[string]any{"sub": "a\x00"}), access.ReasonInvalid},
		"a long device":     {hs256(t, map[string]any{"device": strings.Repeat("x", 256)}), access.ReasonInvalid},
		"a blank agent":     {hs256(t, map[string]any{"agent": " "}), access.ReasonInvalid},
		"device is a list":  {hs256(t, map[string]any{"device": []string{"a"}}), access.ReasonInvalid},
		"an empty agent":    {hs256(t, map[string]any{"agent": ""}), access.ReasonInvalid},
		"an unknown role":   {hs256(t, map[string]any{"role": "root"}), access.ReasonInvalid},
		"a list and more":   {hs256(t, map[string]any{"role": []any{"admin", 3}}), access.ReasonInvalid},
		"no such role":      {hs256(t, map[string]any{"role": []any{"viewer"}}), ""},
		"role is a number":  {hs256(t, map[string]any{"role": 2}), access.ReasonInvalid},
		"another secret":    {sign(t, jwt.SigningMethodHS256, "", []byte("another secret, of more than 32 bytes"), claims(nil)), access.ReasonInvalid},
		"another algorithm": {sign(t, jwt.SigningMethodHS512, "", []byte(secret), claims(nil)), access.ReasonInvalid},
		"no algorithm":      {sign(t, jwt.SigningMethodNone, "", jwt.UnsafeAllowNoneSignatureType, claims(nil)), access.ReasonInvalid},
		"two keys":          {sign(t, jwt.SigningMethodES256, "k", elliptic256, claims(nil)), access.ReasonInvalid},
		"cut off":           {hs256(t, nil)[:80], access.ReasonMalformed},
		"no signature":      {hs256(t, nil)[:strings.LastIndex(hs256(t, nil), ".")+1], access.ReasonInvalid},
		"four parts":        {hs256(t, nil) + ".x", access.ReasonMalformed},
		"garbage":           {"garbage", access.ReasonMalformed},
		"dots":              {"..", access.ReasonMalformed},
		"many dots":         {strings.Repeat(".", 8000), access.ReasonMalformed},
		"no JSON":           {"eA.eA.eA", access.ReasonMalformed},
		"critical":          {critical(t), access.ReasonInvalid},
		"huge":              {strings.Repeat("a", 8<<10) + ".a.a", access.ReasonMalformed},
		"a huge claim":      {hs256(t, map[string]any{"x": strings.Repeat("a", 8<<10)}), access.ReasonMalformed},
	} {
		got, err := ask(t, by, header(with(c.token)...))
		if reason(t, err) != c.want || err == nil && (got.Scope.User != "ann" || got.Name != "ann" || got.Role != access.Reader || got.Expires.IsZero()) {
			t.Errorf("%s: %+v, %v; want %q", what, got, err, c.want)
		} else if err != nil && got.Scope != (stores.Scope{}) {
			t.Errorf("%s: refused, and still a scope: %+v", what, got)
		}
	}
}

// TestClaimsInTheLog names the claim that a token is refused for, and tells it to the log alone.
func TestClaimsInTheLog(t *testing.T) {
	by := verifier(t, access.TokenOptions{Secret: []byte(secret), Issuer: "https://issuer.example", Audience: "thalamus"})
	const sent = "not-to-be-told"
	for claim, values := range map[string][]any{
		"sub":    {5, "", sent + "\x00", sent + "\n", strings.Repeat(sent, 20), []string{sent}},
		"device": {true, "\x1b" + sent, json.RawMessage("null")},
		"agent":  {map[string]any{sent: 1}, sent + "\u202e\x7f"},
		"role":   {sent, 2, []any{"admin", 3}, []any{"admin", nil}, []any{[]any{"admin"}}, json.RawMessage("null"), map[string]any{"admin": true}},
		"exp":    {sent}, "nbf": {[]string{sent}}, "iat": {sent}, "iss": {5}, "aud": {[]any{"thalamus", 3}},
	} {
		for _, value := range values {
			_, err := ask(t, by, header(with(hs256(t, map[string]any{claim: value}))...))
			var r *access.Refusal
			if !errors.As(err, &r) || r.Reason != access.ReasonInvalid || !strings.Contains(r.Why, `claim "`+claim+`"`) || strings.Contains(r.Message, claim) {
				t.Errorf("%s %v: %+v", claim, value, r)
			} else if strings.Contains(r.Why+r.Message, sent) {
				t.Errorf("%s: the value is repeated: %+v", claim, r)
			}
		}
	}
}

// critical is a well signed token with a header that nobody here understands.
func critical(t *testing.T) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims(nil))
	token.Header["crit"] = []string{"b64"}
	signed, err := token.SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestAuthorizationHeader(t *testing.T) {
	by, token := verifier(t, access.TokenOptions{Secret: []byte(secret)}), hs256(t, nil)
	for value, want := range map[string]access.Reason{
		"": access.ReasonMissing, "Bearer " + token: "", "bearer   " + token: "", "BEARER " + token + " ": "",
		"Bearer": access.ReasonMalformed, "Bearer ": access.ReasonMalformed, token: access.ReasonMalformed, "Basic YTpi": access.ReasonMalformed,
		"Bearer " + token + " " + token: access.ReasonMalformed, "Bearer " + token + "\n": access.ReasonMalformed,
		"Bearer \"" + token + "\"": access.ReasonMalformed, "Bearer é": access.ReasonMalformed, "Bearer\t" + token: access.ReasonMalformed,
	} {
		_, err := ask(t, by, header("Authorization", value))
		if reason(t, err) != want {
			t.Errorf("%q: %v, want %q", value, err, want)
		}
		if err != nil && strings.Contains(err.Error(), token[:20]) {
			t.Errorf("the token is repeated: %v", err)
		}
	}
}

// TestTokensBind narrows what a token leaves open, and wants what it fixes to stay.
func TestTokensBind(t *testing.T) {
	by := verifier(t, access.TokenOptions{Secret: []byte(secret)})
	open := hs256(t, map[string]any{"role": "Writer"})
	bound := hs256(t, map[string]any{"device": "laptop", "agent": "scout", "role": []string{"viewer", "reader", "admin", "writer"}})
	for _, c := range []struct {
		token  string
		wishes []string
		want   stores.Scope
		refuse access.Reason
	}{
		{open, nil, stores.NewScope("ann", "", ""), ""},
		{open, []string{access.UserHeader, "ann", access.DeviceHeader, "phone", access.AgentHeader, "b%C3%A9"}, stores.NewScope("ann", "phone", "bé"), ""},
		{open, []string{access.UserHeader, "bob"}, stores.Scope{}, access.ReasonScope},
		{open, []string{access.UserHeader, "ANN"}, stores.Scope{}, access.ReasonScope},
		{open, []string{access.DeviceHeader, "a\x00"}, stores.Scope{}, access.ReasonHeaders},
		{bound, nil, stores.NewScope("ann", "laptop", "scout"), ""},
		{bound, []string{access.DeviceHeader, "laptop", access.AgentHeader, "scout"}, stores.NewScope("ann", "laptop", "scout"), ""},
		{bound, []string{access.DeviceHeader, "phone"}, stores.Scope{}, access.ReasonScope},
		{bound, []string{access.AgentHeader, "default"}, stores.Scope{}, access.ReasonScope},
	} {
		got, err := ask(t, by, header(with(c.token, c.wishes...)...))
		if got.Scope != c.want || reason(t, err) != c.refuse {
			t.Errorf("%v: %+v, %v; want %+v %q", c.wishes, got, err, c.want, c.refuse)
		}
		if role := map[string]access.Role{open: access.Writer, bound: access.Admin}[c.token]; err == nil && got.Role != role {
			t.Errorf("the role is %s, want %s", got.Role, role)
		}
	}
	for _, role := range []string{"admin", "writer", "reader", "x"} {
		if got, err := ask(t, by, header(with(open, access.RoleHeader, role)...)); reason(t, err) != access.ReasonHeaders || got != (access.Caller{}) {
			t.Errorf("a header chooses the role %s: %+v, %v", role, got, err)
		}
		if _, err := ask(t, by, header(with(open+"x", access.RoleHeader, role)...)); reason(t, err) != access.ReasonInvalid {
			t.Errorf("a bad token and a role: %v", err)
		}
	}
}

// TestAlgorithmsAreNotConfused signs with public keys as if they were secrets, where both kinds of tokens are accepted.
func TestAlgorithmsAreNotConfused(t *testing.T) {
	keys := newIssuer(t)
	public, err := x509.MarshalPKIXPublicKey(&rsa2048.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	jwk, err := json.Marshal(keys.key("rsa"))
	if err != nil {
		t.Fatal(err)
	}
	for what, o := range map[string]access.TokenOptions{
		"keys alone": {KeySet: keys.set(), Audience: "thalamus"},
		"both":       {Secret: []byte(secret), KeySet: keys.set(), Audience: "thalamus"},
	} {
		by := verifier(t, o)
		for _, forged := range [][]byte{public, inPEM, jwk, rsa2048.N.Bytes(), {}} {
			for _, kid := range []string{"", "rsa", "elliptic"} {
				if _, err := ask(t, by, header(with(sign(t, jwt.SigningMethodHS256, kid, forged, claims(nil)))...)); reason(t, err) != access.ReasonInvalid {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
		// The key of one algorithm under the name of another.
		for method, key := range map[jwt.SigningMethod]any{jwt.SigningMethodRS256: rsa2048, jwt.SigningMethodPS256: rsa2048} {
			if _, err := ask(t, by, header(with(sign(t, method, "elliptic", key, claims(nil)))...)); reason(t, err) != access.ReasonInvalid {
				t.Errorf("%s: %v", what, err)
			}
		}
		unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"rsa"}`)) + hs256(t, nil)[strings.Index(hs256(t, nil), "."):]
		if _, err := ask(t, by, header(with(unsigned)...)); reason(t, err) != access.ReasonInvalid {
			t.Errorf("%s: %v", what, err)
		}
		_, err := ask(t, by, header(with(hs256(t, nil))...))
		if want := map[string]access.Reason{"keys alone": access.ReasonInvalid}[what]; reason(t, err) != want {
			t.Errorf("%s: a token by the secret: %v, want %q", what, err, want)
		}
	}
}

func TestTokenOptions(t *testing.T) {
	for what, c := range map[string]struct {
		o    access.TokenOptions
		want string
	}{
		"a short secret": {access.TokenOptions{Secret: []byte("short")}, "32"},
		"no secret":      {access.TokenOptions{Secret: []byte{}}, "32"},
		"no audience":    {access.TokenOptions{KeySet: access.KeySetURL{URL: "http://127.0.0.1:1/"}}, "auth.jwt.audience"},
	} {
		if _, err := access.NewTokens(context.Background(), c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
