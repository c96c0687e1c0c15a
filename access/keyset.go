package access

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// KeySetURL names the keys of an issuer (JWKS). They are kept; when they cannot be read again, the former ones serve on.
type KeySetURL struct {
	URL string
	Log *slog.Logger // where a failure to read them is told
}

const (
	keysPatience = 5 * time.Second // with the server of the keys
	keysInterval = 5 * time.Minute // between two readings
	keysRest     = time.Minute     // after one that an unknown key caused, lest tokens of strangers hammer the server
	maxKeySet    = 1 << 20
)

// open reads the keys, and again and again until ctx ends. A server that does not answer yet is no error.
func (k KeySetURL) open(ctx context.Context) (keyfunc.Keyfunc, error) {
	return k.read(ctx, func(ctx context.Context, err error) {
		k.Log.WarnContext(ctx, "the keys of tokens cannot be read; those that are known serve on", "error", err)
	})
}

// Usable reads the keys once, and counts those that can verify a token here.
func (k KeySetURL) Usable(ctx context.Context) (n int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var trouble error
	keys, err := k.read(ctx, func(_ context.Context, err error) { trouble = err })
	if err == nil {
		err = trouble
	}
	if err != nil {
		if at, ok := errors.AsType[*url.Error](err); ok { // whose words repeat the URL
			err = at.Err
		}
		return 0, err
	}
	all, err := keys.VerificationKeySet(ctx)
	for _, key := range all.Keys {
		if usable(key) {
			n++
		}
	}
	return n, err
}

// usable says whether a key fits one of the algorithms that are accepted.
func usable(key jwt.VerificationKey) bool {
	switch key := key.(type) {
	case *rsa.PublicKey, ed25519.PublicKey:
		return true
	case *ecdsa.PublicKey:
		return key.Curve == elliptic.P256() || key.Curve == elliptic.P384()
	}
	return false
}

// read reads the keys, now and until ctx ends, and tells when it fails.
func (k KeySetURL) read(ctx context.Context, failed func(context.Context, error)) (keyfunc.Keyfunc, error) {
	at, err := url.Parse(k.URL)
	if err == nil {
		err = secure(at)
	}
	if err != nil {
		return nil, fmt.Errorf("auth.jwt.jwks: %w", err)
	}
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{k.URL}, keyfunc.Override{
		Client:                  &http.Client{Transport: careful{http.DefaultTransport}},
		HTTPTimeout:             keysPatience,
		RateLimitWaitMax:        keysPatience,
		RefreshInterval:         keysInterval,
		RefreshUnknownKID:       rate.NewLimiter(rate.Every(keysRest), 1),
		RefreshErrorHandlerFunc: func(string) func(context.Context, error) { return failed },
	})
	if err != nil {
		return nil, fmt.Errorf("keys of tokens: %w", err)
	}
	return keys, nil
}

// secure refuses an address on the way to which others could put keys of their own in place of the issuer's.
func secure(at *url.URL) error {
	if at.Scheme != "https" && !Loopback(at.Hostname()) {
		return fmt.Errorf("keys that come from %s over http can be exchanged on the way, and tokens be forged: use https; http is for loopback addresses only, for development", at.Host)
	}
	return nil
}

// careful follows no redirect to where it is not secure, and reads no more of an answer than a set of keys may take.
type careful struct{ http.RoundTripper }

func (c careful) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := secure(r.URL); err != nil {
		return nil, err
	}
	response, err := c.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxKeySet)
	}
	return response, err
}
