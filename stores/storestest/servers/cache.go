package servers

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// cached gives the folder of the cache that has a name, filled once by fill. Other processes wait until it is complete.
func cached(ctx context.Context, name string, fill func(ctx context.Context, dir string) error) (string, error) {
	dir := filepath.Join(cacheRoot(), name)
	complete := filepath.Join(dir, ".complete")
	if _, err := os.Stat(complete); err == nil {
		return dir, nil
	}
	held, err := waitForLock(ctx, name)
	if err != nil {
		return "", err
	}
	defer held.release()
	if _, err := os.Stat(complete); err == nil {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := fill(ctx, dir); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, os.WriteFile(complete, nil, 0o600)
}

// cacheRoot is where programs are kept between runs. It may be removed at any time when no server runs.
func cacheRoot() string {
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir()
	}
	return filepath.Join(base, "thalamus", "servers")
}

// waitForLock takes the lock that has a name, among all processes of the user.
func waitForLock(ctx context.Context, name string) (*lock, error) {
	if err := os.MkdirAll(cacheRoot(), 0o755); err != nil {
		return nil, err
	}
	for {
		held, err := tryLock(filepath.Join(cacheRoot(), name+".lock"))
		if err == nil {
			return held, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("another process prepares %s: %w", name, errors.Join(ctx.Err(), err))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// fingerprint tells recipes apart: another one gets another folder of the cache.
func fingerprint(recipe ...string) string {
	h := fnv.New32a()
	for _, part := range recipe {
		_, _ = fmt.Fprintf(h, "%d %s", len(part), part) // a hash takes everything
	}
	return fmt.Sprintf("%08x", h.Sum32())
}

// run runs a command to its end; dir may be empty. The error holds the last lines of what it has printed.
func run(ctx context.Context, dir string, command ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Dir = dir
	c.WaitDelay = 5 * time.Second
	output, err := c.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(command[0]), err, lastLines(output))
	}
	return output, nil
}
