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

// URL is an address that may hold a password, or the key of an API in its place. It prints without it; string(u) is the
// address itself. Other than for package net/url, it may name several hosts, with commas between.
type URL string

// withKey matches URLs whose user, when it stands alone, is a key.
var withKey = regexp.MustCompile(`^qdrants?://`)

// secretParameter matches the names of query parameters whose values are not for showing.
var secretParameter = regexp.MustCompile(`(?i)key|token|secret|passw|pwd|sign|credential`)

const mask = "xxxxx" // as [url.URL.Redacted] has it

func (u URL) String() string {
	text, hosts := string(u), ""
	if scheme, rest, found := strings.Cut(text, "://"); found { // several hosts: one stands for them while the rest is read
		authority, tail := rest, ""
		if i := strings.IndexAny(rest, "/?#"); i >= 0 {
			authority, tail = rest[:i], rest[i:]
		}
		at := strings.LastIndex(authority, "@") + 1
		if strings.Contains(authority[at:], ",") {
			hosts = authority[at:]
			text = scheme + "://" + authority[:at] + standIn + tail
		}
	}
	parsed, err := url.Parse(text)
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
	if _, hasPassword := parsed.User.Password(); parsed.User != nil && !hasPassword && withKey.MatchString(text) {
		parsed.User = url.User(mask)
	}
	shown := parsed.Redacted()
	if hosts != "" {
		shown = strings.Replace(shown, standIn, hosts, 1)
	}
	return shown
}

const standIn = "several.invalid"

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
