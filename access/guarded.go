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

// Authenticate looks an API key up, or verifies a token. A role is no header's to choose here, not even a lesser one.
func (g Guarded) Authenticate(ctx context.Context, c Credentials) (Caller, error) {
	caller, err := g.identify(ctx, c)
	if err == nil && c.Role != "" {
		return Caller{}, refuse(ReasonHeaders, "The header %s is for development mode only: your token or key says your role. Leave the header out.", RoleHeader)
	}
	return caller, err
}

func (g Guarded) identify(ctx context.Context, c Credentials) (Caller, error) {
	token, err := c.token()
	if err != nil {
		return Caller{}, err
	}
	switch {
	case g.Keys == nil, g.Tokens != nil && strings.Count(token, ".") == 2:
		return g.Tokens.authenticate(ctx, token, c)
	default:
		return g.Keys.authenticate(token, c)
	}
}
