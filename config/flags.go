package config

import (
	"regexp"
	"strings"

	"github.com/spf13/pflag"
)

// Bind adds a flag for every key to a set of flags. [Load] checks the values, so that all mistakes are told at once.
func Bind(flags *pflag.FlagSet) {
	for _, k := range keys {
		if k.noFlag {
			continue
		}
		text := argument{kind: k.kind, text: k.fallback}
		f := flags.VarPF(&text, k.flag(), "", plain(k.doc))
		f.NoOptDefVal = k.alone
		if k.shown != "" {
			f.DefValue = plain(k.shown)
		}
	}
}

// link matches a link in Markdown.
var link = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)

// plain is Markdown as it is read in a terminal: the words of a link without where it leads, and no backquotes, which pflag
// takes for itself.
func plain(text string) string { return strings.ReplaceAll(link.ReplaceAllString(text, "$1"), "`", "") }

// argument is the text of one flag.
type argument struct{ kind, text string }

func (a *argument) Set(text string) error { a.text = text; return nil }
func (a *argument) String() string        { return a.text }
func (a *argument) Type() string          { return a.kind }

// flags reads the flags that were given.
func (l *loader) flags() {
	if l.src.Flags == nil {
		return
	}
	for _, k := range keys {
		if f := l.src.Flags.Lookup(k.flag()); f != nil && f.Changed && !k.noFlag {
			l.set(k, f.Value.String(), origin{fromFlag, "--" + k.flag()})
		}
	}
}
