package transport

import (
	"net/http"
	"net/url"
	"path"
	"strings"
)

// methods are those this edge answers, for the Allow header.
const methods = "GET, POST, OPTIONS"

// commonHeaders sets what every answer carries. Answers are about one caller's memory, so nobody may keep them.
func (x *exchange) commonHeaders() {
	header := x.w.Header()
	header.Add("Vary", "Accept, Origin")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "private, no-store")
	if origin := x.r.Header.Get("Origin"); origin != "" && x.options.lists(origin) {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Expose-Headers", "Retry-After, Thalamus-Request-Id")
	}
}

// preflight answers OPTIONS: a browser that asks on behalf of a page, or anybody who asks which methods there are. Any
// header may be sent, since no credentials of the browser's own come with it.
func (x *exchange) preflight() {
	header := x.w.Header()
	header.Set("Allow", methods)
	origin := x.r.Header.Get("Origin")
	if origin != "" && x.r.Header.Get("Access-Control-Request-Method") != "" {
		if !x.welcomes(origin) {
			x.refuse(x.r.Context(), errOrigin)
			return
		}
		header.Add("Vary", "Access-Control-Request-Headers")
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Methods", "GET, POST")
		header.Set("Access-Control-Max-Age", "600")
		if wanted := x.r.Header.Get("Access-Control-Request-Headers"); wanted != "" {
			header.Set("Access-Control-Allow-Headers", wanted)
		}
	}
	x.started = true
	x.w.WriteHeader(http.StatusNoContent)
}

// welcomes reports whether pages of an origin may call this server: those it served itself and those of the list.
func (x *exchange) welcomes(origin string) bool {
	return sameOrigin(origin, x.r.Host) || x.options.lists(origin)
}

func sameOrigin(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// lists reports whether Origins names an origin.
func (o Options) lists(origin string) bool {
	for _, pattern := range o.Origins {
		if pattern == "*" {
			return true
		}
		if ok, err := path.Match(strings.ToLower(pattern), strings.ToLower(origin)); ok && err == nil {
			return true
		}
	}
	return false
}
