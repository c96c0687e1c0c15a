package config

import (
	"regexp"
	"slices"
	"strings"
)

// servicePattern matches what Kubernetes puts into every pod beside a service named thalamus.
var servicePattern = regexp.MustCompile(`^THALAMUS_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// testPrefix begins the variables that name servers for tests.
const testPrefix = envPrefix + "TEST_"

// environ reads the variables that begin with THALAMUS_. One that is empty counts as not set.
func (l *loader) environ() {
	known := map[string]key{}
	for _, k := range keys {
		known[k.env()] = k
	}
	for _, name := range l.variables() {
		k, ok := known[name]
		if !ok {
			l.problem(name, "", "this variable is unknown; %s", suggest(name, names(everyKey, key.env)))
			continue
		}
		if text := l.env[name]; text != "" {
			l.set(k, text, origin{fromEnviron, name})
		}
	}
}

// variables lists ours by name.
func (l *loader) variables() (found []string) {
	for name := range l.env {
		ours := strings.HasPrefix(name, envPrefix) && !strings.HasPrefix(name, testPrefix)
		if ours && !servicePattern.MatchString(name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func everyKey(key) bool { return true }
