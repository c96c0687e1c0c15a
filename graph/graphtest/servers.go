package graphtest

import (
	"fmt"
	"net/url"
	"os"
	"strings"

	"thalamus/config"
	"thalamus/stores"
)

// OnServers says whether the edges of this run stand on real servers: where THALAMUS_TEST_EDGE is "servers", each opens a
// memory of its own on those that THALAMUS_TEST_GRAPH, _RECORDS, _VECTORS and _CACHE name. Otherwise they are embedded.
func OnServers() bool { return os.Getenv("THALAMUS_TEST_EDGE") == "servers" }

// Embedded in place of a server's URL leaves its role to the gateway itself.
const Embedded = "embedded"

// configuration is that of an empty memory.
func configuration(dir string) (*config.Config, error) {
	cfg := &config.Config{Data: dir, Graph: "sqlite:", Records: "sqlite:", Vectors: "sqlite:", Cache: "inprocess:", Embedder: "hashing:"}
	if !OnServers() {
		return cfg, nil
	}
	fresh := strings.ReplaceAll(string(stores.NewID()), "-", "")
	for _, of := range []struct {
		role stores.Role
		to   *config.URL
		set  func(u *url.URL)
	}{
		{stores.RoleGraph, &cfg.Graph, with("namespace", fresh)},
		{stores.RoleRecords, &cfg.Records, func(u *url.URL) { u.Path = "/t" + fresh }},
		{stores.RoleVectors, &cfg.Vectors, with("prefix", fresh+"_")},
		{stores.RoleCache, &cfg.Cache, with("prefix", fresh+":")},
	} {
		name := "THALAMUS_TEST_" + string(of.role)
		if os.Getenv(name) == Embedded {
			continue
		}
		u, err := url.Parse(os.Getenv(name))
		if err != nil || u.Host == "" {
			return nil, fmt.Errorf("THALAMUS_TEST_EDGE wants servers, and %s is not the URL of one; `make test` starts them", name)
		}
		of.set(u)
		*of.to = config.URL(u.String())
	}
	return cfg, nil
}

// with sets an option of a URL.
func with(name, value string) func(*url.URL) {
	return func(u *url.URL) {
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
	}
}
