package chaos

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"

	"thalamus/stores"
	"thalamus/stores/storestest/servers"
)

// roles are those of servers, each with the variable of the gateway, that of the tests, and what keeps one memory on a server
// apart from the others.
var roles = []struct {
	product servers.Product
	gateway string
	tests   string
	apart   func(u *url.URL, name string)
}{
	{servers.Neo4j, "THALAMUS_GRAPH", "THALAMUS_TEST_GRAPH", func(u *url.URL, name string) { set(u, "namespace", name) }},
	{servers.MariaDB, "THALAMUS_RECORDS", "THALAMUS_TEST_RECORDS", func(u *url.URL, name string) { u.Path = "/t" + name }},
	{servers.Qdrant, "THALAMUS_VECTORS", "THALAMUS_TEST_VECTORS", func(u *url.URL, name string) { set(u, "prefix", name+"_") }},
	{servers.Redis, "THALAMUS_CACHE", "THALAMUS_TEST_CACHE", func(u *url.URL, name string) { set(u, "prefix", name+":") }},
}

// URLs are those of a set of servers, in the order of the roles.
type URLs []string

// Given are the servers that the tests have, nil unless there is one for each role.
func Given() URLs {
	var urls URLs
	for _, r := range roles {
		if u := os.Getenv(r.tests); u != "" {
			urls = append(urls, u)
		}
	}
	if len(urls) < len(roles) {
		return nil
	}
	return urls
}

// OnServers is the environment of a gateway with a new, empty memory on servers.
func OnServers(dir string, all URLs) ([]string, error) {
	environ, name := Embedded(dir), strings.ReplaceAll(string(stores.NewID()), "-", "")
	for i, r := range roles {
		u, err := url.Parse(all[i])
		if err != nil {
			return nil, err
		}
		r.apart(u, name)
		environ = append(environ, r.gateway+"="+u.String())
	}
	return environ, nil
}

// set sets an option of a URL.
func set(u *url.URL, name, value string) {
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
}

// StartServers starts servers of its own, one for each role, which may be killed. Close them, whether or not all of them
// started.
func StartServers(ctx context.Context) (URLs, Servers, func() error, error) {
	started, failed := make([]*servers.Server, len(roles)), make([]error, len(roles))
	var all sync.WaitGroup
	for i, r := range roles {
		all.Go(func() { started[i], failed[i] = servers.Start(ctx, r.product) })
	}
	all.Wait()
	var urls URLs
	var mortal Servers
	for _, s := range started {
		if s != nil {
			urls, mortal = append(urls, s.URL), append(mortal, s)
		}
	}
	stop := func() error {
		var errs []error
		for _, s := range started {
			if s != nil {
				errs = append(errs, s.Close())
			}
		}
		return errors.Join(errs...)
	}
	if err := errors.Join(failed...); err != nil {
		return nil, nil, stop, fmt.Errorf("start the servers: %w", err)
	}
	return urls, mortal, stop, nil
}
