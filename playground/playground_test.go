package playground

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, h http.Handler, method, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestIndexNamesTheEscapedEndpoint(t *testing.T) {
	r := get(t, Handler(Options{Endpoint: `/g"><script>`}), "GET", "/")
	page := body(t, r)
	if r.StatusCode != 200 || r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("status %d, headers %v", r.StatusCode, r.Header)
	}
	if !strings.Contains(page, `<meta name="thalamus-endpoint" content="/g&#34;&gt;&lt;script&gt;"`) {
		t.Errorf("the endpoint is not in the page, or not escaped:\n%s", page)
	}
	if page := body(t, get(t, Handler(Options{}), "GET", "/")); !strings.Contains(page, `content="/graphql"`) {
		t.Error("without an endpoint the page does not name /graphql")
	}
}

func TestEveryResponseCarriesTheSecurityHeaders(t *testing.T) {
	h := Handler(Options{})
	for _, r := range []*http.Response{
		get(t, h, "GET", "/"), get(t, h, "GET", "/examples.json"), get(t, h, "GET", "/nowhere"), get(t, h, "POST", "/"),
	} {
		csp := r.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "require-trusted-types-for 'script'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s %s: policy lacks %s: %s", r.Status, r.Header.Get("Content-Type"), want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") {
			t.Errorf("the policy is loose: %s", csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", r.Status, name, got, want)
			}
		}
	}
}

func TestAssetsHaveTheirTypesAndNeverChange(t *testing.T) {
	h := Handler(Options{})
	page := body(t, get(t, h, "GET", "/"))
	found := regexp.MustCompile(`(?:src|href)="\./([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(found) < 3 {
		t.Fatalf("the page refers to %d files; is dist built?", len(found))
	}
	types := map[string]string{".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
	for _, match := range found {
		r := get(t, h, "GET", "/"+match[1])
		if want := types[path.Ext(match[1])]; r.StatusCode != 200 || r.Header.Get("Content-Type") != want {
			t.Errorf("%s: %d %s, want %s", match[1], r.StatusCode, r.Header.Get("Content-Type"), want)
		}
		if strings.HasPrefix(match[1], "assets/") && !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s may not be cached for good: %s", match[1], r.Header.Get("Cache-Control"))
		}
	}
}

func TestUnknownPathsAndMethodsAreRefused(t *testing.T) {
	h := Handler(Options{})
	for _, target := range []string{"/nowhere", "/index.html", "/assets/", "/assets/../index.html", "/dist/index.html", "/favicon.ico"} {
		if r := get(t, h, "GET", target); r.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", target, r.StatusCode)
		}
	}
	r := get(t, h, "POST", "/")
	if r.StatusCode != 405 || r.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d, Allow %q", r.StatusCode, r.Header.Get("Allow"))
	}
	head := get(t, h, "HEAD", "/")
	if head.StatusCode != 200 || head.Header.Get("Content-Length") == "" || body(t, head) != "" {
		t.Errorf("HEAD: %d, %v", head.StatusCode, head.Header)
	}
}

func TestExamples(t *testing.T) {
	want := Example{Name: "n", Title: "T", Description: "D", Query: "{ a }", Group: "G", Variables: map[string]any{"x": "<b>"}}
	r := get(t, Handler(Options{Examples: []Example{want, {Name: "bare", Query: "{ b }"}}}), "GET", "/examples.json")
	text := body(t, r)
	var got []Example
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Query != want.Query || got[0].Variables["x"] != "<b>" {
		t.Errorf("got %+v", got)
	}
	if !strings.Contains(text, `"variables":{}`) {
		t.Errorf("an example without variables should have an empty object: %s", text)
	}
	if none := body(t, get(t, Handler(Options{}), "GET", "/examples.json")); none != "[]" {
		t.Errorf("no examples: %s", none)
	}
}

func TestCompressionAndValidators(t *testing.T) {
	h := Handler(Options{})
	page := body(t, get(t, h, "GET", "/"))
	script := "/" + regexp.MustCompile(`assets/[^"]+\.js`).FindString(page)
	plain := get(t, h, "GET", script, "Accept-Encoding", "br, gzip;q=0")
	zipped := get(t, h, "GET", script, "Accept-Encoding", "gzip, br")
	if plain.Header.Get("Content-Encoding") != "" || zipped.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("encodings %q and %q", plain.Header.Get("Content-Encoding"), zipped.Header.Get("Content-Encoding"))
	}
	if plain.Header.Get("ETag") == zipped.Header.Get("ETag") {
		t.Error("two representations share an ETag")
	}
	reader, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	unzipped, err := io.ReadAll(reader)
	if err != nil || string(unzipped) != body(t, plain) {
		t.Errorf("the compressed script differs: %v", err)
	}
	again := get(t, h, "GET", script, "Accept-Encoding", "gzip", "If-None-Match", `"x", W/`+zipped.Header.Get("ETag"))
	if again.StatusCode != 304 || body(t, again) != "" {
		t.Errorf("a known ETag: %d", again.StatusCode)
	}
}

// What a browser would fetch by itself must be on this origin, and the page must run under its policy.
func TestNothingIsFetchedFromElsewhere(t *testing.T) {
	fetched := map[string]*regexp.Regexp{
		".html": regexp.MustCompile(`(?i)(?:src|href|action|srcset)\s*=\s*["']?\s*(?:[a-z]+:)?//`),
		".css":  regexp.MustCompile(`(?i)(?:url\(\s*["']?|@import\s+["']?)\s*(?:https?:)?//`),
		".js":   regexp.MustCompile(`(?i)(?:import\s*\(?|from|fetch\(|Worker\(|WebSocket\(|EventSource\(|importScripts\()\s*["'` + "`" + `](?:[a-z]+:)?//`),
	}
	inline := regexp.MustCompile(`(?i)<style|<script(?:\s+type="[^"]*")?\s*>|\sstyle\s*=|\son[a-z]+\s*=`)
	for name, f := range embedded(Options{}) {
		ext := path.Ext(name)
		if name == "/" {
			ext = ".html"
			if at := inline.Find(f.body); at != nil {
				t.Errorf("the page holds inline script or style: %s", at)
			}
		}
		if pattern := fetched[ext]; pattern != nil {
			if at := pattern.Find(f.body); at != nil {
				t.Errorf("%s fetches from elsewhere: %s", name, at)
			}
		}
	}
}

// The budget: what a first visit loads, compressed.
func TestFirstLoadFitsItsBudget(t *testing.T) {
	const budget = 260_000
	files := embedded(Options{})
	page := string(files["/"].body)
	total := 0
	for name, f := range files {
		onPage := name == "/" || name == "/examples.json" || strings.HasSuffix(name, ".woff2") || strings.Contains(page, `".`+name+`"`)
		if !onPage {
			continue
		}
		if zipped := f.zipped(); zipped != nil {
			total += len(zipped)
		} else {
			total += len(f.body)
		}
	}
	t.Logf("first load: %d bytes of %d", total, budget)
	if total > budget {
		t.Errorf("first load is %d bytes, more than %d", total, budget)
	}
}
