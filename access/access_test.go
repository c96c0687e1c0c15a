package access_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"thalamus/access"
	"thalamus/stores"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// header makes headers of names and values in turn; an empty value is left out.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			h.Add(pairs[i], pairs[i+1])
		}
	}
	return h
}

// ask has an authenticator look at headers.
func ask(t *testing.T, by access.Authenticator, h http.Header) (access.Caller, error) {
	t.Helper()
	c, err := access.CredentialsOf(h)
	if err != nil {
		return access.Caller{}, err
	}
	return by.Authenticate(t.Context(), c)
}

// reason is that of a refusal; an error that is none fails the test.
func reason(t *testing.T, err error) access.Reason {
	t.Helper()
	if err == nil {
		return ""
	}
	var r *access.Refusal
	if !errors.As(err, &r) || r.Message == "" {
		t.Fatalf("%v is no refusal", err)
	}
	return r.Reason
}

func scoped(user, device, agent string) http.Header {
	return header(access.UserHeader, user, access.DeviceHeader, device, access.AgentHeader, agent)
}

func TestDevelopment(t *testing.T) {
	for _, c := range []struct {
		h    http.Header
		want stores.Scope
	}{
		{scoped("", "", ""), stores.Scope{User: "default", Device: "default", Agent: "default"}},
		{scoped("ann", "", ""), stores.Scope{User: "ann", Device: "default", Agent: "default"}},
		{scoped("a/b", "%C3%A9 😀", "*%25"), stores.Scope{User: "a/b", Device: "é 😀", Agent: "*%"}},
		{scoped(strings.Repeat("x", 255), "d", "a"), stores.Scope{User: strings.Repeat("x", 255), Device: "d", Agent: "a"}},
	} {
		if got, err := ask(t, access.Development{}, c.h); err != nil || got.Scope != c.want || got.Role != access.Admin {
			t.Errorf("%v: %+v, %v; want %+v", c.h, got, err, c.want)
		}
	}
	for _, bad := range []string{strings.Repeat("x", 256), "a\x00", "a\x1b[0m", "\xff", " ", "%", "%zz", "%00", "%ff"} {
		for _, h := range []http.Header{scoped(bad, "", ""), scoped("", bad, ""), scoped("", "", bad)} {
			if _, err := ask(t, access.Development{}, h); reason(t, err) != access.ReasonHeaders {
				t.Errorf("%q: %v, want it refused", bad, err)
			}
		}
	}
	if _, err := ask(t, access.Development{}, header(access.UserHeader, "ann", access.UserHeader, "bob")); reason(t, err) != access.ReasonHeaders {
		t.Errorf("two users: %v", err)
	}
	for text, want := range map[string]access.Role{"reader": access.Reader, "WRITER": access.Writer, "admin": access.Admin, "root": ""} {
		if got, err := ask(t, access.Development{}, header(access.RoleHeader, text)); got.Role != want || (err == nil) != (want != "") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}

func TestLocal(t *testing.T) {
	got, err := ask(t, access.Local{}, header("Authorization", "Bearer whatever"))
	if err != nil || got.Scope != stores.NewScope("", "", "") || got.Role != access.Admin || !got.Expires.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	for _, name := range []string{access.UserHeader, access.DeviceHeader, access.AgentHeader, access.RoleHeader} {
		_, err := ask(t, access.Local{}, header(name, "default"))
		if reason(t, err) != access.ReasonScope || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "--development") || !strings.Contains(err.Error(), "auth.keys") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoles(t *testing.T) {
	all := []access.Role{access.Reader, access.Writer, access.Admin}
	for i, has := range all {
		for j, needs := range all {
			if has.Includes(needs) != (i >= j) {
				t.Errorf("%s includes %s: %t", has, needs, has.Includes(needs))
			}
		}
		if got, ok := access.ParseRole(strings.ToLower(string(has))); got != has || !ok {
			t.Errorf("%s is read as %q", has, got)
		}
		if has.Includes("") || has.Includes("ROOT") || access.Role("").Includes(has) || access.Role("ROOT").Includes(has) {
			t.Errorf("%s and what is no role", has)
		}
	}
	if got, ok := access.ParseRole("on"); got != "" || ok {
		t.Errorf("on is read as %q", got)
	}
}

func TestCaller(t *testing.T) {
	c := access.Caller{Name: "ann", Scope: stores.NewScope("ann", "", ""), Role: access.Reader, Expires: time.Unix(1, 0)}
	ctx := access.With(context.Background(), c)
	if got, known := access.CallerOf(ctx); got != c || !known || access.Scope(ctx) != c.Scope {
		t.Errorf("got %+v", got)
	}
	if _, known := access.CallerOf(context.Background()); known {
		t.Error("nobody is known")
	}
	defer func() {
		if recover() == nil {
			t.Error("a request of nobody is served")
		}
	}()
	access.Scope(context.Background())
}

func TestMerge(t *testing.T) {
	opened := header("Authorization", "Bearer old", access.DeviceHeader, "phone", "Cookie", "x")
	for what, c := range map[string]struct {
		payload map[string]any
		want    http.Header
	}{
		"nothing":      {nil, header("Authorization", "Bearer old", access.DeviceHeader, "phone")},
		"other things": {map[string]any{"locale": 5, "headers": "none"}, header("Authorization", "Bearer old", access.DeviceHeader, "phone")},
		"a token":      {map[string]any{"authorization": "Bearer new"}, header("Authorization", "Bearer new", access.DeviceHeader, "phone")},
		"headers":      {map[string]any{"headers": map[string]any{"AUTHORIZATION": "Bearer new", "thalamus-device": "watch"}}, header("Authorization", "Bearer new", access.DeviceHeader, "watch")},
		"both places":  {map[string]any{"Authorization": "Bearer new", "headers": map[string]any{"Thalamus-Agent": "scout"}}, header("Authorization", "Bearer new", access.DeviceHeader, "phone", access.AgentHeader, "scout")},
	} {
		got, err := access.Merge(opened, c.payload)
		for name := range c.want {
			if got.Get(name) != c.want.Get(name) {
				t.Errorf("%s: %v, %v; want %v", what, got, err, c.want)
			}
		}
		if got.Get("Cookie") != "" {
			t.Errorf("%s: %v", what, got)
		}
	}
	for _, payload := range []map[string]any{
		{"authorization": 5}, {"headers": map[string]any{"Authorization": nil}}, {"thalamus-user": []any{"ann"}},
	} {
		if _, err := access.Merge(opened, payload); reason(t, err) != access.ReasonHeaders {
			t.Errorf("%v: %v", payload, err)
		}
	}
	twice, err := access.Merge(opened, map[string]any{"authorization": "Bearer a", "Authorization": "Bearer b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := access.CredentialsOf(twice); reason(t, err) != access.ReasonHeaders {
		t.Errorf("two tokens: %v", err)
	}
}
