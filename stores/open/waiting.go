package open

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"thalamus/stores"
)

// How the pauses between attempts to reach a server grow, and how long one attempt may take.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 4 * time.Second
	attemptTime  = 15 * time.Second
	silence      = 3 * time.Second // of an attempt, after which it is told that there is one
)

// waited connects to the server of a role, and tries again as long as it is unavailable and there is time.
func waited[T any](ctx context.Context, o *opening, role stores.Role, connect func(context.Context) (T, error)) (T, error) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		left := time.Until(o.until)
		attempt, cancel := context.WithTimeout(ctx, attemptTime)
		silent := time.AfterFunc(silence, func() {
			o.log.WarnContext(ctx, "a store takes its time to answer", "role", keyOf(role), "for", max(left, attemptTime).Round(time.Second))
		})
		got, err := connect(attempt)
		silent.Stop()
		late := attempt.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || ctx.Err() != nil {
			return got, err
		}
		if late && errors.Is(err, context.DeadlineExceeded) {
			err = &stores.Error{Kind: stores.ErrUnavailable, Message: fmt.Sprintf(
				"the server took the connection and did not answer within %s: see whether it works, or correct the host and port of the URL", attemptTime)}
		}
		left = time.Until(o.until)
		if !errors.Is(err, stores.ErrUnavailable) || left <= 0 {
			return got, fmt.Errorf("%s: %w", keyOf(role), err)
		}
		o.log.WarnContext(ctx, "waiting for a store", "role", keyOf(role), "for", left.Round(time.Second), "error", err)
		select {
		case <-time.After(min(pause, left)):
		case <-ctx.Done():
			return got, ctx.Err()
		}
	}
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
		return "", stores.Invalid(keyOf(role), "%s", problem)
	}
	return whole, nil
}

// withPassword puts a password into a URL that has none, or says why it cannot. The URL may name several hosts.
func withPassword(raw, password string) (whole, problem string) {
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		return "", "a password is configured for it, and the URL names no host"
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
