package access

import (
	"context"
	"strings"
)

// Guarded lets in who has an API key or a token. One of the two may be nil.
type Guarded struct {
	Keys   *Keys
	Tokens *Tokens
}

// Authenticate looks an API key up, or verifies a token.
func (g Guarded) Authenticate(ctx context.Context, c Credentials) (Caller, error) {
	token, err := c.token()
	if err != nil {
		return Caller{}, err
	}
	switch {
	case g.Keys == nil, g.Tokens != nil && strings.Count(token, ".") == 2:
		return g.Tokens.authenticate(ctx, token, c)
	default:
		return g.Keys.authenticate(ctx, token, c)
	}
}
