// Package servers runs real servers for tests: private ones that a test may kill and freeze, and those that a whole run of
// the tests shares.
//
// [Start] gives a private instance on a free port of the loopback interface, with its data in a temporary directory.
// Programs come from packages, by way of the machine's own package managers, and are kept in a cache of the user.
// [Provide] gives a server for each role, by the first way that works: a URL in the environment, Docker, the machine's
// packages.
package servers

import (
	"context"
	"fmt"
	"strings"
)

// Product is a server that [Start] can start.
type Product string

// Products, by the names they have themselves.
const (
	Neo4j   Product = "Neo4j"
	Qdrant  Product = "Qdrant"
	MariaDB Product = "MariaDB"
	MySQL   Product = "MySQL"
	Redis   Product = "Redis"
)

// The credentials and the name of the database of every server started here. They protect nothing: the servers listen on the
// loopback interface, and hold what tests made up.
const (
	user     = "thalamus"
	password = "password"
	database = "thalamus"
)

// program is a product that is on this machine, ready to be started.
type program struct {
	source string // where it came from

	// create fills a new directory with what the server needs at its first start. Optional.
	create func(ctx context.Context, dir string, port int) error
	// command is the program and its arguments; its working directory is dir, its port is free.
	command func(dir string, port int) []string
	// environment is added to that of this process. Optional.
	environment func(dir string, port int) []string
	// url is how the configuration spells it.
	url func(port int) string
}

// locate finds the program of a product, and installs it when it is missing. That can take minutes the first time.
// One that is not lasting may forget everything when it ends, if that makes it faster.
func locate(ctx context.Context, product Product, lasting bool) (program, error) {
	switch product {
	case Neo4j:
		return locateNeo4j(ctx)
	case Qdrant:
		return locateQdrant(ctx, lasting)
	case MariaDB:
		return locateMariaDB(ctx)
	case MySQL:
		return locateMySQL(ctx)
	case Redis:
		return locateRedis(ctx)
	}
	return program{}, fmt.Errorf("no way to start %s is known", product)
}

// Parse reads names of products, separated by commas or blanks, in any case.
func Parse(names string) ([]Product, error) {
	var parsed []Product
	for _, name := range strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' }) {
		product, err := parse(name)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, product)
	}
	return parsed, nil
}

func parse(name string) (Product, error) {
	var known []string
	for _, r := range roles {
		if strings.EqualFold(name, string(r.product)) {
			return r.product, nil
		}
		known = append(known, strings.ToLower(string(r.product)))
	}
	return "", fmt.Errorf("no server is called %q; there are %s", name, strings.Join(known, ", "))
}
