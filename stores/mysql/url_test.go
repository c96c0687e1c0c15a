package mysql_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/mysql"
)

// TestWrongURLs wants words that say what to change, and never the password.
func TestWrongURLs(t *testing.T) {
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(notPEM, []byte("not PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{
		"":                                                      "must read mysql://",
		"mysql:u:hidden@h/d":                                    "must read mysql://",
		"postgres://u:hidden@h/d":                               "must read mysql://",
		"mysql://u:hid%zzden@h/d":                               "must read mysql://",
		"mysql://u:hid/den@h/d":                                 "must read mysql://",
		"mysql://u:hidden@h/d#x":                                "must read mysql://",
		"mysql://u:hidden@h:port/d":                             "must read mysql://",
		"mysql://u:hidden@h:0/d":                                "no number from 1 to 65535",
		"mysql://u:hidden@h:65536/d":                            "no number from 1 to 65535",
		"mysql://u:99999/hidden@h/d":                            "no number from 1 to 65535",
		"mysql://u:hidden@h/MySQL":                              "name another",
		"mysql://u:hidden@h/sys":                                "name another",
		"mysql://u:hidden@h/Information_Schema":                 "name another",
		"mysql://u:hidden@h/performance_schema":                 "the database performance_schema, in which the server keeps things of its own; name another",
		"mysql://u:hidden@/d":                                   "names no host",
		"mysql://h/d":                                           "names no user",
		"mysql://u:hidden@h":                                    "must name a database",
		"mysql://u:hidden@h/":                                   "must name a database",
		"mysql://u:hidden@h/a/b":                                "must name a database",
		"mysql://u:hidden@h/d?pol=3":                            `the URL has no option "pol"; known are ca, connect_timeout, lifetime, pool, tls`,
		"mysql://u:hidden@h/d?pool=0":                           "must be a number from 1 to 1000",
		"mysql://u:hidden@h/d?pool=x":                           "must be a number from 1 to 1000",
		"mysql://u:hidden@h/d?tls=yes":                          "must be true, false, preferred or skip-verify",
		"mysql://u:hidden@h/d?ca=x":                             "needs tls=true",
		"mysql://u:hidden@h/d?a=%":                              "cannot be read",
		"mysql://u:hidden@h/d?lifetime":                         "must be a positive duration",
		"mysql://u:hidden@h/d?pool=1&pool=2":                    "more than once",
		"mysql://u:hidden@h/d?connect_timeout=-1s":              "must be a positive duration",
		"mysql://u:hidden@h/d?tls=true&ca=/nowhere/ca.pem":      "cannot be read",
		"mysql://u:hidden@h/d?tls=true&ca=" + notPEM:            "no certificates",
		"mysql://u:hidden@h/" + strings.Repeat("long", 17):      "1 to 64 characters",
		"mysql://u:hidden@h/d?pool=1&parseTime=true&multi=true": "the URL has no option",
	} {
		_, err := mysql.Open(t.Context(), url)
		if !errors.Is(err, stores.ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hid") {
			t.Errorf("%s gave %v, want words like %q", url, err, want)
		}
		if early := mysql.Check(url); early == nil || early.Error() != err.Error() {
			t.Errorf("a check of %s gave %v", url, early)
		}
		if _, look := mysql.Look(t.Context(), url); look == nil || look.Error() != err.Error() {
			t.Errorf("a look at %s gave %v", url, look)
		}
	}
}
