package servers

import (
	"context"
	"fmt"
	"strconv"
)

// locateRedis finds Redis, or gets it from Debian.
func locateRedis(ctx context.Context) (program, error) {
	server, err := find(ctx, "redis-server", "redis-server")
	if err != nil {
		return program{}, err
	}
	return program{
		source: server,
		command: func(dir string, port int) []string {
			return []string{server, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir,
				"--save", "", "--appendonly", "yes", "--appendfsync", "always"} // killed and started again, it has its data
		},
		url: func(port int) string { return fmt.Sprintf("redis://%s/0", address(port)) },
	}, nil
}
