package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"thalamus/stores"
)

// TokenOptions say which tokens (JWT) are accepted, and what is read from them.
type TokenOptions struct {
	Secret   []byte    // verifies HS256; nil: none of these
	KeySet   KeySetURL // verifies the algorithms with two keys; empty: none of these
	Issuer   string    // that iss has to be; empty: any
	Audience string    // that aud has to name; empty: any
	Leeway   time.Duration
	Claims   Claims
	Role     Role // of tokens that name none
}

// Claims are the names of the claims that are read.
type Claims struct{ User, Device, Agent, Role string }

// leastSecret is the length of the shortest secret that RFC 7518 allows for HS256.
const leastSecret = 32

// Tokens verifies tokens.
type Tokens struct {
	options TokenOptions
	keys    keyfunc.Keyfunc // nil: none
	parser  *jwt.Parser
}

// NewTokens verifies tokens until ctx ends. The algorithms follow from what there is to verify with, never from a token.
func NewTokens(ctx context.Context, o TokenOptions) (*Tokens, error) {
	t := &Tokens{options: o}
	var algorithms []string
	if o.Secret != nil {
		if len(o.Secret) < leastSecret {
			return nil, fmt.Errorf("the secret of tokens has %d bytes; HS256 needs at least %d, such as `openssl rand -hex 32` prints", len(o.Secret), leastSecret)
		}
		algorithms = append(algorithms, "HS256")
	}
	if o.KeySet.URL != "" {
		if o.Audience == "" {
			return nil, errors.New("keys of an issuer sign tokens for others, too: say with auth.jwt.audience which ones are for this gateway")
		}
		var err error
		if t.keys, err = o.KeySet.open(ctx); err != nil {
			return nil, err
		}
		algorithms = append(algorithms, "RS256", "PS256", "ES256", "ES384", "EdDSA")
	}
	checks := []jwt.ParserOption{jwt.WithValidMethods(algorithms), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(o.Leeway), jwt.WithStrictDecoding()}
	if o.Issuer != "" {
		checks = append(checks, jwt.WithIssuer(o.Issuer))
	}
	if o.Audience != "" {
		checks = append(checks, jwt.WithAudience(o.Audience))
	}
	t.parser = jwt.NewParser(checks...)
	return t, nil
}

// authenticate verifies a token, and reads from it who it is about.
func (t *Tokens) authenticate(ctx context.Context, token string, c Credentials) (Caller, error) {
	claims := jwt.MapClaims{}
	_, err := t.parser.ParseWithClaims(token, claims, func(token *jwt.Token) (any, error) { return t.key(ctx, token) })
	if err != nil {
		return Caller{}, whyNot(err, claims)
	}
	bound, err := t.bound(claims)
	if err != nil {
		return Caller{}, err
	}
	caller := Caller{Name: bound.User}
	if caller.Role, err = t.role(claims); err != nil {
		return Caller{}, err
	}
	expires, err := claims.GetExpirationTime()
	if err != nil || expires == nil {
		return Caller{}, refuse(ReasonInvalid, "The token does not say when it expires (exp).")
	}
	caller.Expires = expires.Add(t.options.Leeway)
	caller.Scope, err = c.narrow(bound)
	return caller, err
}

// key is what has to verify a token. The secret serves HS256 only, and HS256 only the secret.
func (t *Tokens) key(ctx context.Context, token *jwt.Token) (any, error) {
	if _, critical := token.Header["crit"]; critical { // RFC 7515: what is not understood is refused
		return nil, errors.New("the token has critical headers")
	}
	if token.Method == jwt.SigningMethodHS256 {
		return t.options.Secret, nil
	}
	return t.keys.KeyfuncCtx(context.WithoutCancel(ctx))(token) // what is fetched serves others, too
}

// bound is the part of the scope that a token fixes; device and agent may be open.
func (t *Tokens) bound(claims jwt.MapClaims) (s stores.Scope, err error) {
	for _, part := range []struct {
		claim string
		to    *string
	}{{t.options.Claims.User, &s.User}, {t.options.Claims.Device, &s.Device}, {t.options.Claims.Agent, &s.Agent}} {
		value, given := claims[part.claim]
		if !given && part.to != &s.User {
			continue
		}
		text, ok := value.(string)
		switch {
		case !ok || text == "":
			return s, unusable(part.claim, "is not a text")
		case stores.NewScope(text, "", "").Validate() != nil:
			return s, unusable(part.claim, "does not have 1 to 255 printable bytes")
		}
		*part.to = text
	}
	return s, nil
}

// role is the role that a token names. Of a list it is the greatest one known, since such lists name other things, too.
func (t *Tokens) role(claims jwt.MapClaims) (Role, error) {
	name := t.options.Claims.Role
	value, given := claims[name]
	if text, ok := value.(string); ok {
		role, ok := ParseRole(text)
		if !ok {
			return "", unusable(name, "is none of reader, writer and admin")
		}
		return role, nil
	}
	list, ok := value.([]any)
	if given && !ok {
		return "", unusable(name, "is neither a text nor a list of texts")
	}
	greatest := Role("")
	for _, item := range list {
		text, ok := item.(string)
		if !ok {
			return "", unusable(name, "is a list that does not hold texts only")
		}
		if role, ok := ParseRole(text); ok && !greatest.Includes(role) {
			greatest = role
		}
	}
	return cmp.Or(greatest, t.options.Role), nil
}

// unusable refuses a token for one of its claims. Which one it is concerns those who configure the gateway and its issuer.
func unusable(claim, fault string) *Refusal {
	return &Refusal{
		Reason: ReasonInvalid, Message: "The token has a claim that cannot be used here; the log of the gateway says which.",
		Why: fmt.Sprintf("The claim %q of the token %s.", claim, fault),
	}
}

// misshapen is the claim of the standard that is not of the type which the standard gives it.
func misshapen(claims jwt.MapClaims) string {
	_, exp := claims.GetExpirationTime()
	_, nbf := claims.GetNotBefore()
	_, iat := claims.GetIssuedAt()
	_, iss := claims.GetIssuer()
	switch {
	case exp != nil:
		return "exp"
	case nbf != nil:
		return "nbf"
	case iat != nil:
		return "iat"
	case iss != nil:
		return "iss"
	}
	return "aud"
}

// whyNot tells in our words why a token was refused: those of the library may hold parts of it.
func whyNot(err error, claims jwt.MapClaims) *Refusal {
	for _, known := range []struct {
		kind    error
		reason  Reason
		message string
	}{
		{jwt.ErrTokenMalformed, ReasonMalformed, "What follows Bearer is not a token (JWT)."},
		{jwt.ErrTokenUnverifiable, ReasonInvalid, "The key that signed the token is not known here, or its algorithm is not accepted."},
		{jwt.ErrTokenSignatureInvalid, ReasonInvalid, "The signature of the token does not hold, or its algorithm is not accepted."},
		{jwt.ErrTokenRequiredClaimMissing, ReasonInvalid, "The token lacks a claim: exp, or iss or aud where this gateway wants them."},
		{jwt.ErrTokenExpired, ReasonExpired, "The token has expired: get a new one."},
		{jwt.ErrTokenNotValidYet, ReasonInvalid, "The token is not valid yet (nbf): compare the clocks."},
		{jwt.ErrTokenUsedBeforeIssued, ReasonInvalid, "The token was issued in the future (iat): compare the clocks."},
		{jwt.ErrTokenInvalidIssuer, ReasonInvalid, "The token is from another issuer (iss) than this gateway accepts."},
		{jwt.ErrTokenInvalidAudience, ReasonInvalid, "The token is for another audience (aud) than this gateway."},
	} {
		if errors.Is(err, known.kind) {
			return refuse(known.reason, "%s", known.message)
		}
	}
	if errors.Is(err, jwt.ErrInvalidType) {
		return unusable(misshapen(claims), "has another type than the standard gives it")
	}
	return refuse(ReasonInvalid, "The token is not accepted here.")
}
