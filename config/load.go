package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"
)

// Sources is where a configuration comes from. Nothing else is looked at.
type Sources struct {
	Flags    *pflag.FlagSet                    // bound by [Bind] and parsed; nil: none
	Environ  []string                          // as [os.Environ] has it
	ReadFile func(name string) ([]byte, error) // as [os.ReadFile] does
}

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	Source  string // "thalamus.yaml:3", "THALAMUS_LOG_LEVEL" or "--log-level"
	Key     string // empty when it is not about a key that exists
	Message string
}

func (p *Problem) Error() string {
	if k := (key{name: p.Key}); p.Key == "" || p.Source == k.env() || p.Source == "--"+k.flag() { // these say the key
		return p.Source + ": " + p.Message
	}
	return p.Source + ": " + p.Key + ": " + p.Message
}

// Load reads the file, then the environment, then the flags; what is read later wins. When something is wrong, the
// error joins one [Problem] for each thing that is.
func Load(src Sources) (*Config, error) {
	l := newLoader(src)
	l.file()
	l.environ()
	l.flags()
	l.secretFiles()
	l.dataDirectory()
	if err := errors.Join(l.problems...); err != nil {
		return nil, err
	}
	l.config.settings = l.settings()
	return l.config, nil
}

// rank orders the sources; a higher one wins.
type rank int

const (
	fromDefault rank = iota
	fromFile
	fromEnviron
	fromFlag
)

// origin is where a value came from.
type origin struct {
	rank   rank
	source string
}

type loader struct {
	src      Sources
	env      map[string]string
	config   *Config
	values   map[string]value
	origins  map[string]origin
	problems []error
	read     Setting // the file
}

func newLoader(src Sources) *loader {
	l := &loader{src: src, env: map[string]string{}, config: &Config{}, values: map[string]value{}, origins: map[string]origin{}}
	for _, pair := range src.Environ {
		name, text, _ := strings.Cut(pair, "=")
		l.env[name] = text
	}
	for _, k := range keys {
		if k.bind == nil {
			continue
		}
		v := k.bind(l.config)
		if p, ok := v.(*path); ok {
			p.home = l.env["HOME"]
		}
		l.values[k.name] = v
		if k.fallback != "" {
			if err := v.set(k.fallback); err != nil {
				panic("config: the default of " + k.name + " " + err.Error()) // every test loads the defaults
			}
		}
	}
	return l
}

// set gives a key its text from a source.
func (l *loader) set(k key, text string, from origin) {
	v, ok := l.values[k.name]
	if !ok {
		return
	}
	if err := v.set(text); err != nil {
		l.problem(from.source, k.name, "%s", err)
		return
	}
	l.origins[k.name] = from
}

func (l *loader) problem(source, key, format string, args ...any) {
	l.problems = append(l.problems, &Problem{Source: source, Key: key, Message: fmt.Sprintf(format, args...)})
}

// secretFiles reads the secrets that are kept in files of their own. Between a secret and its file the later source
// wins; one source cannot name both.
func (l *loader) secretFiles() {
	for _, k := range keys {
		from, given := l.origins[k.name]
		if k.feeds == "" || !given {
			continue
		}
		direct := l.origins[k.feeds]
		switch {
		case direct.rank == from.rank:
			l.problem(from.source, k.name, "%s is given too (%s): keep one of them", k.feeds, direct.source)
		case direct.rank < from.rank:
			l.readSecret(k, from)
		}
	}
}

func (l *loader) readSecret(k key, from origin) {
	name := l.values[k.name].String()
	content, err := l.src.ReadFile(name)
	if err != nil {
		l.problem(from.source, k.name, "cannot read %s: %s", name, reason(err))
		return
	}
	text := strings.TrimSpace(string(content))
	if text == "" {
		l.problem(from.source, k.name, "%s is empty", name)
		return
	}
	_ = l.values[k.feeds].set(text) // a secret takes any text
	l.origins[k.feeds] = from
}

// dataDirectory decides where the data lives when nobody said so.
func (l *loader) dataDirectory() {
	if _, given := l.origins[keyData]; given {
		return
	}
	switch xdg, home, local := l.env["XDG_DATA_HOME"], l.env["HOME"], l.env["LOCALAPPDATA"]; {
	case filepath.IsAbs(xdg): // the XDG base directory specification has relative ones ignored
		l.config.Data = filepath.Join(xdg, "thalamus")
	case home != "":
		l.config.Data = filepath.Join(home, ".local", "share", "thalamus")
	case local != "":
		l.config.Data = filepath.Join(local, "thalamus")
	default:
		l.problem(sourceDefault, keyData, "there is no home directory to put it in: set THALAMUS_DATA or --data")
	}
}

func (l *loader) settings() []Setting {
	var all []Setting
	for _, k := range keys {
		if k.name == keyConfig {
			all = append(all, l.read)
			continue
		}
		s := Setting{Key: k.name, Value: l.values[k.name].String(), Source: sourceDefault}
		if from, given := l.origins[k.name]; given {
			s.Source = from.source
		}
		all = append(all, s)
	}
	return all
}

// reason is an error without the path it repeats.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
