package main

import (
	"context"
	"fmt"
	"log/slog"

	"thalamus/access"
)

// access looks who may use the gateway.
func (x *examination) access(ctx context.Context) {
	const check = "access"
	ended, cancel := context.WithCancel(ctx)
	cancel() // the keys of an issuer are asked for below
	callers, err := authenticator(ended, x.cfg, slog.New(slog.DiscardHandler))
	switch {
	case err != nil && requireLoopback(x.cfg.Listen) != nil && !x.cfg.Auth.Configured(): // the address says it
	case err != nil:
		x.fail(check, err.Error(), "correct what it names")
	case x.cfg.Development:
		x.warn(check, developmentMode, "leave out development, unless this is for trying things out")
	case !x.cfg.Auth.Configured():
		x.ok(check, "%s", localMode)
	default:
		x.ok(check, "callers have to show an API key or a token")
	}
	if by, ok := callers.(access.Guarded); ok && by.Keys != nil {
		x.keys(by.Keys)
	}
	if err == nil && x.cfg.Auth.JWT.JWKS != "" {
		x.issuer(ctx)
	}
}

// operations looks at the list of documents that clients may send.
func (x *examination) operations() {
	const check = "allowed operations"
	if x.cfg.Persisted.Allowed == "" {
		return
	}
	if _, err := persisted(x.cfg); err != nil {
		x.fail(check, err.Error(), "correct the list, or persisted.allowed")
		return
	}
	x.ok(check, "%s; every document fits the schema and the limits", x.cfg.Persisted.Allowed)
}

// keys looks at the file of API keys, which could be read.
func (x *examination) keys(keys *access.Keys) {
	const check = "API keys"
	found := fmt.Sprintf("%s has %s", x.cfg.Auth.Keys, counted(keys.Count(), "key"))
	if keys.Exposed() {
		x.warn(check, found+"; others on this machine can read who has them and their hashes", "run chmod 600 on it")
		return
	}
	x.ok(check, "%s", found)
}

// issuer asks for the keys that verify tokens.
func (x *examination) issuer(ctx context.Context) {
	const check = "keys of tokens"
	at := x.cfg.Auth.JWT.JWKS
	n, err := access.KeySetURL{URL: string(at)}.Usable(ctx)
	switch {
	case err != nil:
		x.fail(check, fmt.Sprintf("%s cannot be read: %v", at, err), "start its server, or correct auth.jwt.jwks; until then no token of the issuer is accepted")
	case n == 0:
		x.fail(check, fmt.Sprintf("%s has no key for RS256, PS256, ES256, ES384 or EdDSA", at), "correct auth.jwt.jwks, or have the issuer publish a key")
	default:
		x.ok(check, "%s has %s", at, counted(n, "usable key"))
	}
}
