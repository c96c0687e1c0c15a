package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"thalamus/access"
	"thalamus/config"
)

// What is told at a start about who may use the gateway.
const (
	developmentMode = "development mode: no authentication, loopback only; everybody is an administrator, and the scope comes from the headers Thalamus-User, Thalamus-Device and Thalamus-Agent"
	localMode       = "no authentication, loopback only: everybody on this machine is the one user and an administrator"
)

// authenticator says who callers are, by one of three ways: tokens and keys, what they say in development mode, or being on
// this machine. It reads keys of tokens until ctx ends.
func authenticator(ctx context.Context, cfg *config.Config, log *slog.Logger) (access.Authenticator, error) {
	if err := consistent(cfg); err != nil {
		return nil, err
	}
	switch {
	case cfg.Development:
		return access.Development{}, nil
	case !cfg.Auth.Configured():
		return access.Local{}, nil
	}
	var out access.Guarded
	var err error
	if cfg.Auth.Keys != "" {
		if out.Keys, err = access.NewKeys(cfg.Auth.Keys, log); err != nil {
			return nil, err
		}
	}
	if j := cfg.Auth.JWT; j.Configured() {
		o := access.TokenOptions{
			KeySet: access.KeySetURL{URL: string(j.JWKS), Log: log},
			Issuer: j.Issuer, Audience: j.Audience, Leeway: j.Leeway, Claims: access.Claims(j.Claims),
		}
		o.Role, _ = access.ParseRole(string(j.Role))
		if j.Secret != "" {
			o.Secret = []byte(j.Secret)
		}
		if out.Tokens, err = access.NewTokens(ctx, o); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// consistent refuses settings of who may use the gateway that contradict each other: what is half configured would leave
// it open.
func consistent(cfg *config.Config) error {
	if cfg.Development && cfg.Auth.Configured() {
		return errors.New("development mode has no authentication: leave out either development, or auth.keys and auth.jwt")
	}
	for _, s := range cfg.Effective() {
		if strings.HasPrefix(s.Key, "auth.jwt.") && s.Source != "default" && !cfg.Auth.JWT.Configured() {
			return fmt.Errorf("%s: %s is given, but nothing that verifies tokens: give auth.jwt.secret or auth.jwt.jwks, too", s.Source, s.Key)
		}
	}
	if !cfg.Auth.Configured() {
		return requireLoopback(cfg.Listen)
	}
	return nil
}

// announce tells who may use the gateway, unless callers have to show who they are.
func announce(cfg *config.Config, log *slog.Logger) {
	switch {
	case cfg.Development:
		log.Warn(developmentMode)
	case !cfg.Auth.Configured():
		log.Info(localMode)
	}
}
