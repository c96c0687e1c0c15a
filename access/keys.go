package access

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/token"

	"thalamus/stores"
)

// Entry is an API key in a file of keys, which is a list of these in YAML or JSON. The key itself is not in it.
type Entry struct {
	Name    string `yaml:"name"` // as the log calls the caller
	Hash    string `yaml:"hash"` // as [Hash] makes it
	User    string `yaml:"user"`
	Device  string `yaml:"device,omitempty"` // empty: the request chooses
	Agent   string `yaml:"agent,omitempty"`  // empty: the request chooses
	Role    string `yaml:"role,omitempty"`   // empty: reader
	Expires string `yaml:"expires,omitempty"`
}

// NewKey makes an API key. Its 256 random bits are why a plain hash is enough to keep it.
func NewKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return "thalamus_" + base64.RawURLEncoding.EncodeToString(key)
}

const hashPrefix = "sha256:"

// Hash is what a file of keys holds of a key.
func Hash(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hashPrefix + hex.EncodeToString(sum[:])
}

// Line is the entry as text that can be added to a file of keys.
func (e Entry) Line() (string, error) {
	if _, err := e.parse(); err != nil {
		return "", err
	}
	text, err := yaml.Marshal([]Entry{e})
	return string(text), err
}

// key is an entry that was read.
type key struct {
	caller Caller // of which device and agent may be open
	sum    []byte
}

const maxName = 100

// parse reads an entry. Its errors repeat no value, which may be a key that is in the wrong place.
func (e Entry) parse() (k key, err error) {
	k.caller = Caller{Name: e.Name, Scope: stores.Scope{User: e.User, Device: e.Device, Agent: e.Agent}, Role: Reader}
	if e.Name == "" || len(e.Name) > maxName || strings.ContainsFunc(e.Name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return k, fmt.Errorf("name must have 1 to %d printable characters", maxName)
	}
	digits, prefixed := strings.CutPrefix(e.Hash, hashPrefix)
	if k.sum, err = hex.DecodeString(digits); err != nil || !prefixed || len(k.sum) != sha256.Size {
		return k, errors.New("hash must be sha256: and 64 hexadecimal digits, as `thalamus key` prints it; the key itself does not belong in the file")
	}
	if e.User == "" || stores.NewScope(e.User, e.Device, e.Agent).Validate() != nil {
		return k, errors.New("user, and device and agent where they are given, must have 1 to 255 printable bytes")
	}
	if e.Role != "" {
		var ok bool
		if k.caller.Role, ok = ParseRole(e.Role); !ok {
			return k, errors.New("role must be reader, writer or admin")
		}
	}
	if e.Expires != "" {
		if k.caller.Expires, err = time.Parse(time.RFC3339, e.Expires); err != nil {
			return k, errors.New("expires must be an instant such as 2027-01-31T00:00:00Z")
		}
	}
	return k, nil
}

// Keys knows the API keys of a file, which may change at any time.
type Keys struct {
	file     string
	log      *slog.Logger
	interval time.Duration // between two looks at the file

	exposed bool // others could read the file at first

	mu      sync.Mutex
	content []byte // as it was seen last
	trouble string // with it, as it was told last
	looked  time.Time
	keys    []key
}

// keysLook is how long a change of the file may go unseen.
const keysLook = 2 * time.Second

// NewKeys reads a file of keys.
func NewKeys(file string, log *slog.Logger) (*Keys, error) {
	k := &Keys{file: file, log: log, interval: keysLook, looked: time.Now()}
	content, exposed, err := readKeys(file)
	if err != nil {
		return nil, fmt.Errorf("the file of API keys: %w", err)
	}
	if k.exposed = exposed; exposed {
		log.Warn("others on this machine can read the file of API keys, which tells who has them and holds their hashes: chmod 600", "file", file)
	}
	if k.keys, err = parse(content); err != nil {
		return nil, fmt.Errorf("the file of API keys %s: %w", file, err)
	}
	k.content = content
	return k, nil
}

// Exposed says whether others on this machine could read the file when it was first read.
func (k *Keys) Exposed() bool { return k.exposed }

// Count is how many keys there are, expired ones included.
func (k *Keys) Count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.keys)
}

// readKeys reads a file of keys, and says whether others may read it, too. One that others may write is refused: they could
// let themselves in.
func readKeys(name string) (content []byte, exposed bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, false, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	mode := info.Mode().Perm()
	if runtime.GOOS == "windows" { // which has no such modes
		mode = 0
	}
	if mode&0o022 != 0 {
		return nil, false, fmt.Errorf("%s can be written by others than its owner (mode %04o), who could add keys of their own: run chmod 600 on it", name, mode)
	}
	content, err = io.ReadAll(f)
	return content, mode&0o044 != 0, err
}

// parse reads the content of a file of keys.
func parse(content []byte) ([]key, error) {
	if len(bytes.TrimSpace(content)) == 0 { // as an editor leaves it for a moment
		return nil, errors.New("it is empty; for no keys at all write []")
	}
	var entries []Entry
	if err := yaml.UnmarshalWithOptions(content, &entries, yaml.Strict()); err != nil {
		return nil, syntax(err)
	}
	keys := make([]key, len(entries))
	names := map[string]bool{}
	for i, e := range entries {
		var err error
		if keys[i], err = e.parse(); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if names[e.Name] {
			return nil, fmt.Errorf("entry %d: another one has its name", i+1)
		}
		names[e.Name] = true
	}
	return keys, nil
}

// syntax tells where a file is wrong without the excerpt that the parser would show, which may hold a key.
func syntax(err error) error {
	var told interface {
		error
		GetToken() *token.Token
	}
	const wanted = "it must be a list of entries with name, hash, user, and where wanted device, agent, role, expires"
	if !errors.As(err, &told) || told.GetToken() == nil {
		return errors.New(wanted)
	}
	return fmt.Errorf("line %d: %s", told.GetToken().Position.Line, wanted)
}

// authenticate looks a key up.
func (k *Keys) authenticate(token string, c Credentials) (Caller, error) {
	sum := sha256.Sum256([]byte(token))
	var found *Caller
	for _, known := range k.current() { // all of them, so that the time tells nothing
		if subtle.ConstantTimeCompare(known.sum, sum[:]) == 1 {
			found = &known.caller
		}
	}
	switch {
	case found == nil:
		return Caller{}, refuse(ReasonUnknown, "The API key is not known here.")
	case !found.Expires.IsZero() && !time.Now().Before(found.Expires):
		return Caller{}, refuse(ReasonExpired, "The API key has expired: get a new one.")
	}
	caller := *found
	caller.granted = grant{k, sum}
	var err error
	caller.Scope, err = c.narrow(caller.Scope)
	return caller, err
}

// hold says that the key of a caller is on file as it was.
func (k *Keys) hold(c Caller) bool {
	bound := func(to, is string) bool { return to == "" || to == is }
	for _, known := range k.current() {
		if is := known.caller; subtle.ConstantTimeCompare(known.sum, c.granted.sum[:]) == 1 {
			return is.Role == c.Role && is.Expires.Equal(c.Expires) && is.Scope.User == c.Scope.User &&
				bound(is.Scope.Device, c.Scope.Device) && bound(is.Scope.Agent, c.Scope.Agent)
		}
	}
	return false
}

// current is what the file says. While it cannot be read, that is what it said before.
func (k *Keys) current() []key {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.looked) < k.interval {
		return k.keys
	}
	k.looked = time.Now()
	content, _, err := readKeys(k.file)
	if err == nil && bytes.Equal(content, k.content) {
		k.trouble = ""
		return k.keys
	}
	var keys []key
	if err == nil {
		k.content = content
		keys, err = parse(content)
	}
	if err != nil {
		if k.trouble != err.Error() {
			k.log.Error("the file of API keys cannot be read; the former keys hold", "file", k.file, "error", err)
		}
		k.trouble = err.Error()
		return k.keys
	}
	k.keys, k.trouble = keys, ""
	k.log.Info("the file of API keys was read again", "file", k.file, "keys", len(keys))
	return k.keys
}
