package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"time"
)

var errNoDocker = errors.New("no Docker engine answers")

// compose runs services of compose.yaml, under a name of its own and on free ports, so that a compose.yaml in use is left
// alone. A nil one is for machines without Docker.
type compose struct {
	command []string
}

// services say how a product is called in compose.yaml, and where it listens there.
var services = map[Product]struct{ name, port, url string }{
	Neo4j:   {"neo4j", "7687", "neo4j://neo4j:" + password + "@%s/neo4j"},
	Qdrant:  {"qdrant", "6334", "qdrant://%s"},
	MariaDB: {"mariadb", "3306", "mysql://" + user + ":" + password + "@%s/" + database},
	MySQL:   {"mysql", "3306", "mysql://" + user + ":" + password + "@%s/" + database},
	Redis:   {"redis", "6379", "redis://%s/0"},
}

// newCompose is nil when no engine answers, or the plugin for compose is missing.
func newCompose(ctx context.Context) *compose {
	if _, err := exec.LookPath("docker"); err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for _, question := range [][]string{{"docker", "version", "--format", "{{.Server.Version}}"}, {"docker", "compose", "version"}} {
		if _, err := run(ctx, "", question...); err != nil {
			return nil
		}
	}
	file, err := inModule("compose.yaml")
	if err != nil {
		return nil
	}
	project := fmt.Sprintf("thalamus-test-%d-%d", os.Getpid(), rand.IntN(1000))
	// No port given means a free one. The profile has what the gateway itself does not need.
	return &compose{[]string{"env", "SERVERS_PASSWORD=" + password, "NEO4J_PORT=", "QDRANT_PORT=", "MYSQL_PORT=", "MARIADB_PORT=", "REDIS_PORT=",
		"docker", "compose", "--file", file, "--project-name", project, "--profile", "mariadb"}}
}

// provide starts the container of one product and waits until it is healthy.
func (c *compose) provide(ctx context.Context, p *Provided) error {
	if c == nil {
		return errNoDocker
	}
	service := services[p.Product]
	if _, err := run(ctx, "", append(c.command, "up", "--detach", "--wait", service.name)...); err != nil {
		return err
	}
	where, err := run(ctx, "", append(c.command, "port", service.name, service.port)...)
	if err != nil {
		return err
	}
	p.URL = fmt.Sprintf(service.url, strings.TrimSpace(string(where)))
	found, err := Examine(ctx, p.URL)
	if err != nil {
		return fmt.Errorf("the container is healthy, but does not answer: %w", err)
	}
	p.Name, p.Version, p.Source = found.Name, found.Version, "Docker, compose.yaml"
	return nil
}

// close removes the containers and their volumes.
func (c *compose) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := run(ctx, "", append(c.command, "down", "--volumes")...)
	return err
}
