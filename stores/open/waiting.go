package open

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"thalamus/config"
	"thalamus/stores"
)

// How the pauses between attempts to reach a server grow.
const (
	firstPause   = 250 * time.Millisecond
	longestPause = 4 * time.Second
	attemptTime  = 15 * time.Second
)

// waited connects to the server of a role, and tries again as long as it is unavailable and there is time.
func waited[T any](ctx context.Context, o *opening, role stores.Role, connect func(context.Context) (T, error)) (T, error) {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		attempt, cancel := context.WithTimeout(ctx, attemptTime)
		got, err := connect(attempt)
		late := attempt.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || ctx.Err() != nil {
			return got, err
		}
		if late && errors.Is(err, context.DeadlineExceeded) {
			err = stores.Unavailable(strings.ToLower(string(role)), err)
		}
		left := time.Until(o.until)
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

// withPassword puts a secret that is kept apart into a URL that has none.
func withPassword(raw config.URL, secret config.Secret) (string, error) {
	if secret == "" {
		return string(raw), nil
	}
	scheme, rest, found := strings.Cut(string(raw), "://")
	if !found {
		return "", errors.New("has no host that a password could be for")
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	user := ""
	if i := strings.LastIndex(host, "@"); i >= 0 {
		user, rest = host[:i], rest[i+1:]
	}
	if strings.Contains(user, ":") {
		return "", errors.New("holds a password, and another one is configured: keep one of them")
	}
	name, err := url.PathUnescape(user)
	if err != nil {
		return "", errors.New("has a user name that is not escaped as URLs want it")
	}
	return scheme + "://" + url.UserPassword(name, string(secret)).String() + "@" + rest, nil
}
