package stores

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Check collects what is wrong with an input, so that a caller hears everything at once.
type Check struct{ errs []error }

// Err is nil when nothing was wrong, the problem itself when there was one, and a joined error otherwise.
func (c *Check) Err() error {
	if len(c.errs) == 1 {
		return c.errs[0]
	}
	return errors.Join(c.errs...)
}

// Add keeps err unless it is nil.
func (c *Check) Add(err error) {
	if err != nil {
		c.errs = append(c.errs, err)
	}
}

// That records the message unless ok holds.
func (c *Check) That(ok bool, path, format string, args ...any) {
	if !ok {
		c.errs = append(c.errs, Invalid(path, format, args...))
	}
}

// Text wants valid UTF-8 of minLen..maxLen characters without control characters other than tab and line breaks.
func (c *Check) Text(path, s string, minLen, maxLen int) {
	switch n := utf8.RuneCountInString(s); {
	case !utf8.ValidString(s):
		c.That(false, path, "must be valid UTF-8")
	case n < minLen || minLen > 0 && strings.TrimSpace(s) == "":
		c.That(false, path, "must not be empty")
	case n > maxLen:
		c.That(false, path, "is %d characters long; the limit is %d", n, maxLen)
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }):
		c.That(false, path, "must not contain control characters")
	}
}

// Texts checks each string of a list and the length of the list.
func (c *Check) Texts(path string, list []string, maxItems, maxLen int) {
	c.That(len(list) <= maxItems, path, "has %d items; the limit is %d", len(list), maxItems)
	for _, s := range list {
		c.Text(path, s, 1, maxLen)
	}
}

// Unit wants a number from 0 to 1.
func (c *Check) Unit(path string, v float64) {
	c.That(!math.IsNaN(v) && v >= 0 && v <= 1, path, "must be between 0 and 1")
}

// MaxCount is the largest whole number that a noun counts to; it leaves room to count on in 32 bits.
const MaxCount = 1_000_000_000

// Least wants least <= v <= [MaxCount].
func (c *Check) Least(path string, v, least int) {
	c.That(v >= least, path, "must be at least %d", least)
	c.That(v <= MaxCount, path, "must be at most %d", MaxCount)
}

// Port wants the port of a URL to be one, or to be left out. It is not repeated, as it may be the beginning of a password.
func (c *Check) Port(port string) {
	n, err := strconv.ParseUint(port, 10, 16)
	c.That(port == "" || err == nil && n > 0, "", "the URL has a port that is no number from 1 to 65535; in a password, write / as %%2F and @ as %%40")
}

// Order wants to, when given, not to lie before from.
func (c *Check) Order(path string, from time.Time, to *time.Time) {
	c.That(to == nil || !to.Before(from), path, "must not lie before the start")
}

// Limits on free-form maps: nesting, keys in all, and the length of a key and of a text.
const (
	maxMapDepth = 5
	maxMapKeys  = 1000
	maxKeyLen   = 100
	maxMapText  = 10_000
)

// Map wants a free-form map of JSON values within the limits above.
func (c *Check) Map(path string, m map[string]any) {
	keys := 0
	c.mapValue(path, m, maxMapDepth, &keys)
	c.That(keys <= maxMapKeys, path, "has %d keys; the limit is %d", keys, maxMapKeys)
}

func (c *Check) mapValue(path string, v any, depth int, keys *int) {
	if depth < 0 {
		c.That(false, path, "is nested deeper than %d levels", maxMapDepth)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for k, e := range v {
			*keys++
			c.Text(path, k, 1, maxKeyLen)
			c.mapValue(path, e, depth-1, keys)
		}
	case []any:
		for _, e := range v {
			c.mapValue(path, e, depth-1, keys)
		}
	case string:
		c.Text(path, v, 0, maxMapText)
	}
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n]) + "…"
}
