package stores

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Default stands for a user, device or agent that was not named.
const Default = "default"

// Scope says who is asking. Every record belongs to exactly one scope, and no call crosses it.
type Scope struct {
	User   string `json:"user"`
	Device string `json:"device"`
	Agent  string `json:"agent"`
}

// NewScope fills what is empty with [Default].
func NewScope(user, device, agent string) Scope {
	or := func(s string) string {
		if s == "" {
			return Default
		}
		return s
	}
	return Scope{User: or(user), Device: or(device), Agent: or(agent)}
}

// Key is the scope as one string, "user/device/agent" with the parts path-escaped, so that equal keys mean equal scopes.
func (s Scope) Key() string {
	return url.PathEscape(s.User) + "/" + url.PathEscape(s.Device) + "/" + url.PathEscape(s.Agent)
}

// ParseScope reads what [Scope.Key] wrote.
func ParseScope(key string) (Scope, error) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 {
		return Scope{}, Invalid("scope", "%q is not user/device/agent", clip(key, 60))
	}
	for i, p := range parts {
		s, err := url.PathUnescape(p)
		if err != nil {
			return Scope{}, Invalid("scope", "%q is not user/device/agent", clip(key, 60))
		}
		parts[i] = s
	}
	return Scope{User: parts[0], Device: parts[1], Agent: parts[2]}, nil
}

// Validate refuses parts that are empty, longer than 255 bytes (the width of the records columns), or hold characters that
// cannot be seen.
func (s Scope) Validate() error {
	var c Check
	for _, part := range []struct{ path, text string }{{"scope.user", s.User}, {"scope.device", s.Device}, {"scope.agent", s.Agent}} {
		switch text := part.text; {
		case strings.TrimSpace(text) == "":
			c.That(false, part.path, "must not be empty")
		case !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
			c.That(false, part.path, "must hold printable characters only")
		case len(text) > maxScopePart:
			c.That(false, part.path, "has %d bytes; the limit is %d", len(text), maxScopePart)
		}
	}
	return c.Err()
}

const maxScopePart = 255

// Scopes knows which scopes hold anything (roles: graph and records, each for its own nouns). It is the one contract that
// looks across them, for exports and for operators.
type Scopes interface {
	// Scopes lists every scope that holds a noun, ordered by [Scope.Key].
	Scopes(ctx context.Context) ([]Scope, error)
}

// ScopesOf asks the stores of several roles and lists the scopes that any of them holds.
type ScopesOf map[Role]Scopes

// Scopes lists every scope that holds a noun in one of the stores, ordered by [Scope.Key].
func (m ScopesOf) Scopes(ctx context.Context) ([]Scope, error) {
	var out []Scope
	for _, role := range slices.Sorted(maps.Keys(m)) {
		some, err := m[role].Scopes(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	slices.SortFunc(out, func(a, b Scope) int { return strings.Compare(a.Key(), b.Key()) })
	return slices.Compact(out), nil
}
