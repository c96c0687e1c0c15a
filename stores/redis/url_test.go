package redis_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"thalamus/stores"
	"thalamus/stores/redis"
)

func TestURLsThatAreRefused(t *testing.T) {
	const secret = "s3cret"
	for url, word := range map[string]string{
		"":                                           "must start with redis://",
		"redis:localhost":                            "must start with redis://",
		"http://:s3cret@localhost":                   "must start with redis://",
		"redis://":                                   "host or host:port",
		"redis:///0":                                 "host or host:port",
		"redis://local host":                         "host or host:port",
		"redis://host:port":                          "no number from 1 to 65535",
		"redis://host:0":                             "no number from 1 to 65535",
		"redis://host:70000":                         "the URL has a port that is no number from 1 to 65535",
		"redis://me:70s3cret/x@host":                 "no number from 1 to 65535",
		"redis://me:70/s3cret@host":                  "a / in the password",
		"redis+cluster://a,b:0":                      "no number from 1 to 65535",
		"redis://:s3cret/x@host":                     "host or host:port",
		"redis://a,b":                                "names several servers",
		"redis://user@host":                          "without a password",
		"redis://user:@host":                         "without a password",
		"redis://:s3cret%zz@host":                    "stray %",
		"redis://host/db":                            "a database by its number",
		"redis://host/-1":                            "a database by its number",
		"redis+cluster://host/1":                     "a cluster has none but 0",
		"redis+sentinel://host":                      "must name the master",
		"redis+sentinel://host/mymaster/x":           "a database by its number",
		"redis://host?size=3":                        `the URL has no option "size"; known are prefix, pool, pool_timeout, connect_timeout, timeout, ca, sentinel_auth`,
		"redis://host?pool=0":                        "pool=",
		"redis://host?pool=many":                     "pool=",
		"redis://host?pool=1&pool=2":                 "the URL gives pool more than once",
		"redis://host?timeout=5":                     "positive duration like 5s",
		"redis://host?pool_timeout=-1s":              "positive duration like 5s",
		"redis://host?connect_timeout=0s":            "positive duration like 5s",
		"redis://host?prefix=":                       "prefix=",
		"redis://host?prefix=a{b":                    "prefix=",
		"redis://host?prefix=%00":                    "prefix=",
		"redis://host?ca=/etc/ca.pem":                "uses no TLS",
		"rediss://host?ca=":                          "empty ca",
		"redis://:s3cret@host?sentinel_auth=true":    "sentinel_auth",
		"redis+sentinel://host/m?sentinel_auth=true": "sentinel_auth",
		"redis+sentinel://host/m?sentinel_auth=yes":  "true or false",
		"redis://host?a=%zz":                         "query that cannot be read",
	} {
		_, err := redis.Open(t.Context(), url)
		if !errors.Is(err, stores.ErrInvalid) || !strings.Contains(fmt.Sprint(err), word) {
			t.Errorf("%s: %v, want the words %q", url, err, word)
		}
		if early := redis.Check(url); early == nil || early.Error() != err.Error() {
			t.Errorf("a check of %s gave %v", url, early)
		}
		if strings.Contains(fmt.Sprint(err), secret) {
			t.Errorf("the message shows the password: %v", err)
		}
	}
}

// TestURLForms wants other spellings of the address of one server to reach it.
func TestURLForms(t *testing.T) {
	s := start(t, "--save", "", "--requirepass", "a:b@c/d")
	s.says("acl", "setuser", "grace", "on", ">pass word", "~*", "&*", "+@all")
	for _, url := range []string{
		"redis://:a%3Ab%40c%2Fd@" + s.addr(),
		"REDIS://default:a:b%40c%2Fd@" + s.addr() + "/",
		fmt.Sprintf("redis://grace:pass%%20word@localhost:%d/3?pool=2&pool_timeout=1s&connect_timeout=1s&timeout=1s&prefix=p:", s.port),
	} {
		db := open(t, url)
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}
