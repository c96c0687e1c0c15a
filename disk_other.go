//go:build !linux && !darwin && !freebsd

package main

import "os"

// writable says whether this user may make files in a directory.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".thalamus-*")
	if err != nil {
		return false
	}
	_ = f.Close()
	return os.Remove(f.Name()) == nil
}

// freeSpace is not known here.
func freeSpace(string) (free uint64, known bool) { return 0, false }
