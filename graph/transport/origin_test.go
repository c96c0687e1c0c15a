package transport_test

import (
	"net/http"
	"strings"
	"testing"

	"thalamus/graph/transport"
)

func TestCommonHeaders(t *testing.T) {
	s := serve(t, transport.Options{})
	for _, a := range []answer{s.post(t, "{ greeting }"), s.get(t, "{ greeting }"), s.get(t, "{"), s.send(t, "PUT", "/", "")} {
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store", "Vary": "Accept, Origin",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
	}
}

func TestCORS(t *testing.T) {
	s := serve(t, transport.Options{Origins: []string{"https://app.example", "http://localhost:*"}})
	for _, c := range []struct {
		origin  string
		allowed bool
	}{
		{"https://app.example", true},
		{"https://APP.example", true},
		{"http://localhost:5173", true},
		{"http://app.example", false},
		{"https://app.example.evil.example", false},
		{"https://evil.example", false},
		{"http://localhost:1/x", false},
		{"null", false},
	} {
		t.Run(c.origin, func(t *testing.T) {
			want := ""
			if c.allowed {
				want = c.origin
			}
			a := s.post(t, "{ greeting }", "Origin", c.origin)
			if got := a.header.Get("Access-Control-Allow-Origin"); a.status != 200 || got != want {
				t.Errorf("POST: %d, Access-Control-Allow-Origin %q, want %q", a.status, got, want)
			}
			p := s.send(t, http.MethodOptions, "/", "", "Origin", c.origin, "Access-Control-Request-Method", "POST",
				"Access-Control-Request-Headers", "authorization,content-type")
			if got := p.header.Get("Access-Control-Allow-Origin"); got != want {
				t.Errorf("preflight: Access-Control-Allow-Origin %q, want %q", got, want)
			}
			if !c.allowed {
				p.refused(t, http.StatusForbidden, transport.CodeForbidden)
				return
			}
			if p.status != http.StatusNoContent ||
				p.header.Get("Access-Control-Allow-Headers") != "authorization,content-type" ||
				p.header.Get("Access-Control-Allow-Methods") != "GET, POST" ||
				p.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("preflight: %d %v", p.status, p.header)
			}
		})
	}
}

func TestEveryOrigin(t *testing.T) {
	s := serve(t, transport.Options{Origins: []string{"*"}})
	if got := s.post(t, "{ greeting }", "Origin", "https://any.example").header.Get("Access-Control-Allow-Origin"); got != "https://any.example" {
		t.Errorf("%q", got)
	}
}

func TestOptionsWithoutAnOrigin(t *testing.T) {
	s := serve(t, transport.Options{})
	a := s.send(t, http.MethodOptions, "/", "")
	if a.status != http.StatusNoContent || a.header.Get("Allow") != "GET, POST, OPTIONS" {
		t.Errorf("%d, Allow: %q", a.status, a.header.Get("Allow"))
	}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("%s without an origin", name)
		}
	}
}
