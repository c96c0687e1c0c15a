// Package playground serves the web app built by Vite into dist: files of this binary only, nothing from elsewhere.
package playground

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed all:dist
var dist embed.FS

// Example is a query that the playground offers.
type Example struct {
	Name        string         `json:"name"`
	Title       string         `json:"title"`
	Description string         `json:"description"`
	Query       string         `json:"query"`
	Variables   map[string]any `json:"variables"`
	Group       string         `json:"group"`
}

// Options says what the playground talks to and offers.
type Options struct {
	// Endpoint is the path of the GraphQL endpoint on this origin; empty means /graphql.
	Endpoint string
	// Examples are offered in this order; the first one opens on a first visit.
	Examples []Example
}

const (
	endpointPlaceholder = "__THALAMUS_ENDPOINT__"
	noStore             = "no-store"
	revalidate          = "no-cache"
	immutable           = "public, max-age=31536000, immutable"

	contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'none'; require-trusted-types-for 'script'"
)

var contentTypes = map[string]string{
	".html":  "text/html; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".css":   "text/css; charset=utf-8",
	".json":  "application/json; charset=utf-8",
	".svg":   "image/svg+xml",
	".txt":   "text/plain; charset=utf-8",
	".woff2": "font/woff2",
}

// Handler serves the playground at the root of its mount: the page at /, its assets and examples.json; 404 for the rest.
// It panics when an example cannot be written as JSON, for that is a mistake in the program.
func Handler(o Options) http.Handler {
	files := embedded(o)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "The playground answers GET and HEAD only.", http.StatusMethodNotAllowed)
			return
		}
		f, ok := files[r.URL.Path]
		if !ok {
			w.Header().Set("Cache-Control", noStore)
			http.Error(w, "The playground has no such page.", http.StatusNotFound)
			return
		}
		f.serve(w, r)
	})
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

// embedded maps URL paths to files.
func embedded(o Options) map[string]*file {
	files := map[string]*file{}
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := dist.ReadFile(name)
		if err != nil {
			return err
		}
		at := strings.TrimPrefix(name, "dist")
		switch {
		case at == "/index.html":
			files["/"] = newFile(".html", noStore, withEndpoint(body, o.Endpoint))
		case strings.HasPrefix(at, "/assets/"):
			files[at] = newFile(path.Ext(at), immutable, body)
		default:
			files[at] = newFile(path.Ext(at), revalidate, body)
		}
		return nil
	})
	if err != nil {
		panic(fmt.Sprintf("playground: reading the embedded files: %v", err))
	}
	files["/examples.json"] = newFile(".json", revalidate, encode(o.Examples))
	return files
}

func withEndpoint(page []byte, endpoint string) []byte {
	if endpoint == "" {
		endpoint = "/graphql"
	}
	return bytes.ReplaceAll(page, []byte(endpointPlaceholder), []byte(html.EscapeString(endpoint)))
}

func encode(examples []Example) []byte {
	list := make([]Example, len(examples))
	for i, example := range examples {
		if example.Variables == nil {
			example.Variables = map[string]any{}
		}
		list[i] = example
	}
	body, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("playground: an example is not valid JSON: %v", err))
	}
	return body
}

type file struct {
	body        []byte
	zipped      func() []byte
	contentType string
	cache       string
	etag        string
}

func newFile(ext, cache string, body []byte) *file {
	sum := sha256.Sum256(body)
	f := &file{body: body, contentType: contentTypes[ext], cache: cache, etag: hex.EncodeToString(sum[:12])}
	if f.contentType == "" {
		f.contentType = "application/octet-stream"
	}
	f.zipped = sync.OnceValue(func() []byte { return compress(ext, body) })
	return f
}

// compress returns nil for what is compressed already or too small to gain.
func compress(ext string, body []byte) []byte {
	if ext == ".woff2" || len(body) < 1024 {
		return nil
	}
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	_, _ = w.Write(body) // a bytes.Buffer never fails
	_ = w.Close()
	return out.Bytes()
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cache)
	h.Set("Vary", "Accept-Encoding")
	body, etag := f.body, `"`+f.etag+`"`
	if zipped := f.zipped(); zipped != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		body, etag = zipped, `"`+f.etag+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // the client went away: nobody to tell
	}
}

// acceptsGzip reads an Accept-Encoding header; "gzip;q=0" is a refusal.
func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		if !weighted {
			return true
		}
		q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(weight), "q="), 64)
		return err == nil && q > 0
	}
	return false
}

func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if tag := strings.TrimPrefix(strings.TrimSpace(part), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}
