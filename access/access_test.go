package access_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"thalamus/access"
	"thalamus/stores"
)

func TestFromHeaders(t *testing.T) {
	header := func(user, device, agent string) http.Header {
		h := http.Header{}
		for name, v := range map[string]string{access.UserHeader: user, access.DeviceHeader: device, access.AgentHeader: agent} {
			if v != "" {
				h.Set(name, v)
			}
		}
		return h
	}
	for _, c := range []struct {
		h    http.Header
		want stores.Scope
	}{
		{header("", "", ""), stores.Scope{User: "default", Device: "default", Agent: "default"}},
		{header("ann", "", ""), stores.Scope{User: "ann", Device: "default", Agent: "default"}},
		{header("a/b", "%C3%A9 😀", "*%25"), stores.Scope{User: "a/b", Device: "é 😀", Agent: "*%"}},
		{header(strings.Repeat("x", 255), "d", "a"), stores.Scope{User: strings.Repeat("x", 255), Device: "d", Agent: "a"}},
	} {
		if got, err := access.FromHeaders(c.h); err != nil || got != c.want {
			t.Errorf("%v: %+v, %v; want %+v", c.h, got, err, c.want)
		}
	}
	for _, bad := range []string{strings.Repeat("x", 256), "a\x00", "a\x1b[0m", "\xff", " ", "%", "%zz", "%00", "%ff"} {
		for _, h := range []http.Header{header(bad, "", ""), header("", bad, ""), header("", "", bad)} {
			if _, err := access.FromHeaders(h); !errors.Is(err, stores.ErrInvalid) {
				t.Errorf("%q: %v, want it refused", bad, err)
			}
		}
	}
}

func TestScope(t *testing.T) {
	s := stores.NewScope("ann", "", "")
	if got := access.Scope(access.WithScope(context.Background(), s)); got != s {
		t.Errorf("got %+v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("a request without a scope is served")
		}
	}()
	access.Scope(context.Background())
}
