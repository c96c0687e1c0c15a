package open

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"thalamus/stores"
)

// How the pauses between attempts to reach a server grow, how long one attempt may take, and what is told meanwhile.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 4 * time.Second
	attemptTime  = 15 * time.Second
	leastAttempt = 5 * time.Second  // however little time is left of a wait
	silence      = 3 * time.Second  // of an attempt, after which it is told that there is one
	repetition   = 10 * time.Second // after which an error that stays the same is told again
)

// waited connects to the server of a role, and tries again as long as it is unavailable and there is time.
func waited[T any](ctx context.Context, o *opening, role stores.Role, connect func(context.Context) (T, error)) (T, error) {
	var told string
	var at time.Time
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		got, err := attempt(ctx, o, role, connect)
		if err == nil || ctx.Err() != nil {
			return got, err
		}
		left := time.Until(o.until)
		if !errors.Is(err, stores.ErrUnavailable) || left <= 0 {
			return got, named(role, err)
		}
		if now := withoutPorts(err); now != told || time.Since(at) >= repetition {
			o.log.WarnContext(ctx, "waiting for a store", "role", keyOf(role), "for", left.Round(time.Second), "error", nameless(err))
			told, at = now, time.Now()
		}
		select {
		case <-time.After(min(pause, left)):
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
}

// attempt connects once, and makes [stores.ErrUnavailable] of a server that stays silent.
func attempt[T any](ctx context.Context, o *opening, role stores.Role, connect func(context.Context) (T, error)) (T, error) {
	limit := attemptTime
	if !o.until.IsZero() {
		limit = min(attemptTime, max(time.Until(o.until), leastAttempt))
	}
	end := time.Now().Add(limit)
	limited, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	silent := time.AfterFunc(silence, func() {
		left := max(time.Until(o.until), time.Until(end))
		o.log.WarnContext(ctx, "a store takes its time to answer", "role", keyOf(role), "for", left.Round(time.Second))
	})
	defer silent.Stop()
	got, err := connect(limited)
	if ctx.Err() == nil {
		err = silenced(err, limit)
	}
	return got, err
}

// silenced says what the end of an attempt means: after its time, it is that of the server.
func silenced(err error, limit time.Duration) error {
	if !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &stores.Error{Kind: stores.ErrUnavailable, Message: fmt.Sprintf(
		"the server took the connection and did not answer within %s: see whether it works, or correct the host and port of the URL",
		limit.Round(time.Second))}
}

// ownAddress is this side of a connection in the errors of package net.
var ownAddress = regexp.MustCompile(`\S+->`)

// withoutPorts is the text of an error without the ports that are others with every connection.
func withoutPorts(err error) string { return ownAddress.ReplaceAllString(err.Error(), "") }

// named puts the role before an error, or before each of several; nil stays nil.
func named(role stores.Role, err error) error {
	if err == nil {
		return nil
	}
	several, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // not several inside of one
	if _, one := err.(*stores.Error); one || !ok {     //nolint:errorlint // it has a kind and a cause, and is one
		return fmt.Errorf("%s: %w", keyOf(role), nameless(err))
	}
	var all []error
	for _, each := range several.Unwrap() {
		all = append(all, named(role, each))
	}
	return errors.Join(all...)
}

// nameless is an error without the name of its backend, where the role is said already.
func nameless(err error) error {
	known, ok := err.(*stores.Error) //nolint:errorlint // not one inside of it, whose words are part of the whole
	if !ok {
		return err
	}
	copied := *known
	copied.Backend = ""
	return &copied
}

// keyOf is the configuration key of a role.
func keyOf(role stores.Role) string { return strings.ToLower(string(role)) }

// url is the URL of a role, with the password that is kept apart from it.
func (o *opening) url(role stores.Role) (string, error) {
	raw, password := o.cfg.Graph, o.cfg.GraphPassword
	switch role {
	case stores.RoleRecords:
		raw, password = o.cfg.Records, o.cfg.RecordsPassword
	case stores.RoleCache:
		raw, password = o.cfg.Cache, o.cfg.CachePassword
	}
	if password == "" {
		return string(raw), nil
	}
	whole, problem := withPassword(string(raw), string(password))
	if problem != "" {
		return "", stores.Invalid("", "%s", problem)
	}
	return whole, nil
}

// withPassword puts a password into a URL that has none, or says why it cannot. The URL may name several hosts.
func withPassword(raw, password string) (whole, problem string) {
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return "", "a password is configured, and the URL names no host that takes it"
	}
	authority := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority = rest[:i]
	}
	user := ""
	if i := strings.LastIndex(authority, "@"); i >= 0 {
		user, rest = authority[:i], rest[i+1:]
	}
	if strings.Contains(user, ":") {
		return "", "the URL holds a password, and another is configured beside it; keep one of them"
	}
	name, err := url.PathUnescape(user)
	if err != nil {
		return "", "the user in the URL is not escaped as URLs want it"
	}
	return scheme + "://" + url.UserPassword(name, password).String() + "@" + rest, ""
}
