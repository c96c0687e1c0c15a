package access

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"thalamus/stores"
)

// The headers by which a caller shows who it is, and chooses among what it may.
const (
	AuthorizationHeader = "Authorization"
	UserHeader          = "Thalamus-User"
	DeviceHeader        = "Thalamus-Device"
	AgentHeader         = "Thalamus-Agent"
	RoleHeader          = "Thalamus-Role" // in development mode only
)

var headers = []string{AuthorizationHeader, UserHeader, DeviceHeader, AgentHeader, RoleHeader}

// Credentials are what a request shows. What it does not show is empty.
type Credentials struct {
	Authorization       string
	User, Device, Agent string
	Role                string
}

// CredentialsOf reads the headers of a request. Scopes are percent-decoded, since browsers send nothing but Latin-1 in
// headers: zo%C3%AB is zoë, and a percent sign is %25.
func CredentialsOf(h http.Header) (Credentials, error) {
	shown := make([]string, len(headers))
	for i, name := range headers {
		values := h.Values(name)
		if len(values) > 1 {
			return Credentials{}, refuse(ReasonHeaders, "The header %s is given more than once.", name)
		}
		if len(values) == 1 {
			shown[i] = values[0]
		}
	}
	c := Credentials{Authorization: shown[0], Role: shown[4]}
	for i, to := range []*string{&c.User, &c.Device, &c.Agent} {
		decoded, err := url.PathUnescape(shown[i+1])
		if err != nil {
			return Credentials{}, refuse(ReasonHeaders, "The header %s is not percent-encoded: write a percent sign as %%25.", headers[i+1])
		}
		*to = decoded
	}
	return c, nil
}

// Merge puts what the payload of a connection_init holds, which is where browsers put credentials, in place of the headers
// of the request that opened the WebSocket: {"Authorization": "Bearer …"}, names in any case, or the same below "headers".
func Merge(h http.Header, payload map[string]any) (http.Header, error) {
	given := http.Header{}
	below, _ := payload["headers"].(map[string]any)
	for _, from := range []map[string]any{payload, below} {
		for name, value := range from {
			text, ok := value.(string)
			if known(name) && !ok {
				return nil, refuse(ReasonHeaders, "%s must be a string.", http.CanonicalHeaderKey(name))
			}
			given.Add(name, text)
		}
	}
	merged := http.Header{}
	for _, name := range headers {
		if merged[name] = given.Values(name); merged[name] == nil {
			merged[name] = h.Values(name)
		}
	}
	return merged, nil
}

func known(name string) bool {
	for _, h := range headers {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}

// maxToken is the length of the longest token that is looked at.
const maxToken = 8 << 10

// bearer matches RFC 6750; its scheme may be written in any case.
var bearer = regexp.MustCompile(`^(?i:bearer) +([A-Za-z0-9._~+/-]+=*) *$`)

// token is the token or key of the Authorization header.
func (c Credentials) token() (string, error) {
	switch found := bearer.FindStringSubmatch(c.Authorization); {
	case c.Authorization == "":
		return "", refuse(ReasonMissing, "Say who you are: Authorization: Bearer and a token or API key, in a header or in the connection_init of a WebSocket.")
	case found == nil || len(found[1]) > maxToken:
		return "", refuse(ReasonMalformed, "The header Authorization must be Bearer and one token or API key of at most %d characters.", maxToken)
	default:
		return found[1], nil
	}
}

// narrow chooses the scope of a caller: what it is bound to stays as it is, what is open is what the request asks for.
func (c Credentials) narrow(bound stores.Scope) (stores.Scope, error) {
	for _, part := range []struct {
		header, wish string
		bound        *string
	}{{UserHeader, c.User, &bound.User}, {DeviceHeader, c.Device, &bound.Device}, {AgentHeader, c.Agent, &bound.Agent}} {
		switch {
		case part.wish == "" || part.wish == *part.bound:
		case *part.bound == "":
			*part.bound = part.wish
		default:
			return stores.Scope{}, refuse(ReasonScope, "The header %s asks for a scope that your token or key is not for: leave the header out.", part.header)
		}
	}
	return scope(bound)
}

// scope fills what is open, and wants the whole to be one that can be stored.
func scope(s stores.Scope) (stores.Scope, error) {
	s = stores.NewScope(s.User, s.Device, s.Agent)
	if s.Validate() != nil {
		return stores.Scope{}, refuse(ReasonHeaders, "%s, %s and %s hold 1 to 255 printable bytes each, percent-encoded where not ASCII.",
			UserHeader, DeviceHeader, AgentHeader)
	}
	return s, nil
}
