package main

import (
	"fmt"
	"net"
	"net/http"

	"thalamus/access"
)

// requireLoopback refuses addresses that others can reach: without authentication anybody who can connect may read and write
// everything.
func requireLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port", address)
	}
	if !access.Loopback(host) {
		return fmt.Errorf("%s is not a loopback address: without authentication the gateway listens on 127.0.0.1, [::1] or localhost only; configure API keys (auth.keys) or tokens (auth.jwt.secret, auth.jwt.jwks) to listen there", address)
	}
	return nil
}

// localOnly refuses requests that reach this machine under a foreign name, as a web page does that rebinds its own name
// to a loopback address. It is for gateways that ask nobody who they are: a page has no token to show.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !access.Loopback(host) && host != "[::1]" {
			http.Error(w, "Without authentication the gateway answers to localhost, 127.0.0.1 and [::1] only.", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
