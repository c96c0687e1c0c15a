package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// value is a field of a [Config] as text. An error of set ends a sentence that begins with the key; it repeats the text
// only where that cannot be a secret.
type value interface {
	set(text string) error
	String() string // as it may be shown
}

type address struct{ to *string }

func (v address) String() string { return *v.to }
func (v address) set(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as 127.0.0.1:8080", text)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > math.MaxUint16 {
		return fmt.Errorf("%q is not a port: give a number from 0 to 65535", port)
	}
	*v.to = text
	return nil
}

type path struct {
	to   *string
	home string // what a leading ~ stands for
}

func (v *path) String() string { return *v.to }
func (v *path) set(text string) error {
	if text == "" {
		return errors.New("must name a file or directory")
	}
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		if v.home == "" {
			return errors.New("begins with ~, but HOME is not set: give the whole path")
		}
		text = strings.TrimSuffix(v.home, "/") + "/" + rest
	}
	*v.to = text
	return nil
}

type location struct{ to *URL }

func (v location) String() string { return v.to.String() }
func (v location) set(text string) error {
	if !named.MatchString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return errors.New("must be a URL that names a product, such as sqlite: or redis://localhost:6379")
	}
	*v.to = URL(text)
	return nil
}

// named matches what begins with the scheme of a URL (RFC 3986 §3.1).
var named = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// endpoint is the URL of an HTTP server, or nothing.
type endpoint struct{ to *URL }

func (v endpoint) String() string { return v.to.String() }
func (v endpoint) set(text string) error {
	if u, err := url.Parse(text); text != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return errors.New("must be an http or https URL, such as http://localhost:4318, or empty")
	}
	*v.to = URL(text)
	return nil
}

type secret struct{ to *Secret }

func (v secret) String() string        { return v.to.String() }
func (v secret) set(text string) error { *v.to = Secret(text); return nil }

type level struct{ to *slog.Level }

var levels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

func (v level) String() string { return strings.ToLower(v.to.String()) }
func (v level) set(text string) error {
	for _, l := range levels {
		if strings.EqualFold(text, l.String()) {
			*v.to = l
			return nil
		}
	}
	return fmt.Errorf("%q is not one of debug, info, warn, error", text)
}

// choice is one of a few words, in any case.
type choice[E ~string] struct {
	to  *E
	all []E
}

func (v choice[E]) String() string { return string(*v.to) }
func (v choice[E]) set(text string) error {
	i := slices.IndexFunc(v.all, func(e E) bool { return strings.EqualFold(string(e), text) })
	if i < 0 {
		return fmt.Errorf("%q is not one of %s", text, strings.Trim(strings.ReplaceAll(fmt.Sprint(v.all), " ", ", "), "[]"))
	}
	*v.to = v.all[i]
	return nil
}

type toggle struct{ to *bool }

func (v toggle) String() string {
	if *v.to {
		return "on"
	}
	return "off"
}

func (v toggle) set(text string) error {
	switch strings.ToLower(text) {
	case "on", "true", "yes", "1":
		*v.to = true
	case "off", "false", "no", "0":
		*v.to = false
	default:
		return fmt.Errorf("%q is neither on nor off", text)
	}
	return nil
}

// introspection is on, off or a role.
type introspection struct{ to *Introspection }

func (v introspection) String() string { return string(*v.to) }
func (v introspection) set(text string) error {
	var on bool
	if (toggle{&on}).set(text) == nil {
		*v.to = map[bool]Introspection{true: IntrospectionOn, false: IntrospectionOff}[on]
		return nil
	}
	roles := []Introspection{Introspection(RoleReader), Introspection(RoleWriter), Introspection(RoleAdmin)}
	if (choice[Introspection]{v.to, roles}).set(text) != nil {
		return fmt.Errorf("%q is neither on nor off, nor one of reader, writer, admin", text)
	}
	return nil
}

// text is any text.
type text struct{ to *string }

func (v text) String() string        { return *v.to }
func (v text) set(text string) error { *v.to = text; return nil }

// notEmpty is a text that is not empty.
type notEmpty struct{ text }

func (v notEmpty) set(text string) error {
	if text == "" {
		return errors.New("must not be empty")
	}
	return v.text.set(text)
}

// origins is a list of web origins, separated by commas.
type origins struct{ to *[]string }

func (v origins) String() string { return strings.Join(*v.to, ",") }
func (v origins) set(text string) error {
	var all []string
	for _, o := range strings.Split(text, ",") {
		if o = strings.TrimSpace(o); o == "" {
			continue
		}
		u, err := url.Parse(o)
		if o != "*" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != o) {
			return fmt.Errorf("%q is not a web origin: give the scheme, the host and nothing else, as in https://app.example.com", o)
		}
		all = append(all, o)
	}
	*v.to = all
	return nil
}

type duration struct{ to *time.Duration }

func (v duration) String() string { return v.to.String() }
func (v duration) set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a positive duration, such as 500ms, 10s or 2m", text)
	}
	*v.to = d
	return nil
}

// durationOrNone is a duration, or 0 for none.
type durationOrNone struct{ duration }

func (v durationOrNone) String() string {
	if *v.to == 0 {
		return "0"
	}
	return v.duration.String()
}

func (v durationOrNone) set(text string) error {
	if d, err := time.ParseDuration(text); err == nil && d == 0 {
		*v.to = 0
		return nil
	}
	if err := v.duration.set(text); err != nil {
		return fmt.Errorf("%w, or 0", err)
	}
	return nil
}

// number is a positive whole number.
type number struct{ to *int }

func (v number) String() string { return strconv.Itoa(*v.to) }
func (v number) set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n <= 0 {
		return fmt.Errorf("%q is not a positive whole number", text)
	}
	*v.to = n
	return nil
}

// numberOrNone is a number, or 0 for none.
type numberOrNone struct{ number }

func (v numberOrNone) set(text string) error {
	if text == "0" {
		*v.to = 0
		return nil
	}
	if err := v.number.set(text); err != nil {
		return fmt.Errorf("%w, or 0", err)
	}
	return nil
}

type size struct{ to *Size }

// units are the suffixes of a size, the longest first among those that end alike.
var units = []struct {
	suffix string
	bytes  int64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1}}

func (v size) String() string {
	for _, u := range []int{2, 1, 0} { // the largest binary unit that divides it
		if n := int64(*v.to); n >= units[u].bytes && n%units[u].bytes == 0 {
			return strconv.FormatInt(n/units[u].bytes, 10) + units[u].suffix
		}
	}
	return strconv.FormatInt(int64(*v.to), 10) + "B"
}

func (v size) set(text string) error {
	for _, u := range units {
		number, ok := strings.CutSuffix(text, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n <= 0 || n > math.MaxInt64/u.bytes {
			break
		}
		*v.to = Size(n * u.bytes)
		return nil
	}
	return fmt.Errorf("%q is not a positive size, such as 512KiB, 1MiB or 1048576", text)
}
