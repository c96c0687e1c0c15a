package access

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/MicahParks/keyfunc/v3"
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
	keys, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{k.URL}, keyfunc.Override{
		Client:            &http.Client{Transport: brief{http.DefaultTransport}},
		HTTPTimeout:       keysPatience,
		RateLimitWaitMax:  keysPatience,
		RefreshInterval:   keysInterval,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(keysRest), 1),
		RefreshErrorHandlerFunc: func(string) func(context.Context, error) {
			return func(ctx context.Context, err error) {
				k.Log.WarnContext(ctx, "the keys of tokens cannot be read; those that are known serve on", "error", err)
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("keys of tokens: %w", err)
	}
	return keys, nil
}

// brief reads no more of an answer than a set of keys may take.
type brief struct{ http.RoundTripper }

func (b brief) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = http.MaxBytesReader(nil, response.Body, maxKeySet)
	}
	return response, err
}
