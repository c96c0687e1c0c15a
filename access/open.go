package access

import (
	"context"

	"thalamus/stores"
)

// Development lets callers say who they are: the scope comes from headers, and what is left out is [stores.Default]. All
// are administrators, unless the header Thalamus-Role says less.
type Development struct{}

// Authenticate believes what it is told.
func (Development) Authenticate(_ context.Context, c Credentials) (Caller, error) {
	role := Admin
	if c.Role != "" {
		var ok bool
		if role, ok = ParseRole(c.Role); !ok {
			return Caller{}, refuse(ReasonHeaders, "The header %s must be reader, writer or admin.", RoleHeader)
		}
	}
	s, err := c.narrow(stores.Scope{})
	return Caller{Name: "development", Scope: s, Role: role}, err
}

// Local has one user, the owner of the machine, who is an administrator.
type Local struct{}

// Authenticate knows one caller. One that asks for another scope expects a separation that is not there.
func (Local) Authenticate(_ context.Context, c Credentials) (Caller, error) {
	for _, asked := range []struct{ header, value string }{
		{UserHeader, c.User}, {DeviceHeader, c.Device}, {AgentHeader, c.Agent}, {RoleHeader, c.Role},
	} {
		if asked.value != "" {
			return Caller{}, refuse(ReasonScope, "The header %s has no meaning here: this gateway has one user. Start it with --development to choose scopes by headers, or configure authentication (auth.keys, auth.jwt.secret or auth.jwt.jwks).", asked.header)
		}
	}
	return Caller{Name: "local", Scope: stores.NewScope("", "", ""), Role: Admin}, nil
}
