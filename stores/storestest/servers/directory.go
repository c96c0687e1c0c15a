package servers

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

const prefix = "thalamus-server-"

// newDirectory makes a temporary directory for the data of one server, and removes those that killed processes have left.
func newDirectory() (string, *lock, error) {
	sweep()
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return "", nil, err
	}
	owned, err := tryLock(filepath.Join(dir, "owner"))
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, owned, nil
}

// sweep removes the directories whose owner has died: the system releases the locks of the dead.
func sweep() {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < time.Minute {
			continue // its owner may be about to lock it
		}
		if dead, err := tryLock(filepath.Join(dir, "owner")); err == nil {
			_ = os.RemoveAll(dir) // the next one tries again
			dead.release()
		}
	}
}

// freePort finds a port that nobody listens on. It is below those that systems give to outgoing connections, so that it is
// still free when the server is started again after a while.
func freePort() (int, error) {
	var err error
	for range 100 {
		port := 20000 + rand.IntN(10000)
		var l net.Listener
		l, err = new(net.ListenConfig).Listen(context.Background(), "tcp", address(port))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, fmt.Errorf("no port is free: %w", err)
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
