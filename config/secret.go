package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
)

const redacted = "[redacted]"

// Secret is a text that must not be seen: however it is printed, logged or marshalled, it says only that it is there.
// string(s) is the text itself.
type Secret string

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// Format serves every verb of package fmt, those that pass over String too.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// GoString is the redacted text.
func (s Secret) GoString() string { return s.String() }

// MarshalText is the redacted text; JSON and map keys use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalYAML is the redacted text.
func (s Secret) MarshalYAML() (any, error) { return s.String(), nil }

// LogValue is the redacted text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// URL is an address that may hold a password. It prints without it; string(u) is the address itself.
type URL string

// secretParameter matches the names of query parameters whose values are not for showing.
var secretParameter = regexp.MustCompile(`(?i)key|token|secret|passw|pwd|sign|credential`)

const mask = "xxxxx" // as [url.URL.Redacted] has it

func (u URL) String() string {
	parsed, err := url.Parse(string(u))
	if err != nil {
		return redacted
	}
	if at := strings.LastIndex(parsed.Opaque, "@"); at >= 0 { // user:password@host without the slashes
		parsed.Opaque = mask + parsed.Opaque[at:]
	}
	query, hidden := parsed.Query(), false
	for name := range query {
		if secretParameter.MatchString(name) {
			query.Set(name, mask)
			hidden = true
		}
	}
	if hidden {
		parsed.RawQuery = query.Encode()
	}
	return parsed.Redacted()
}

// Format serves every verb of package fmt.
func (u URL) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, u.String()) }

// GoString is the address without its password.
func (u URL) GoString() string { return u.String() }

// MarshalText is the address without its password.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// MarshalYAML is the address without its password.
func (u URL) MarshalYAML() (any, error) { return u.String(), nil }

// LogValue is the address without its password.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }
