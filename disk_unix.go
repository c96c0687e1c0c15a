//go:build linux || darwin || freebsd

package main

import "syscall"

// The modes of access(2).
const (
	mayEnter = 1
	mayWrite = 2
)

// writable says whether this user may make files in a directory.
func writable(dir string) bool { return syscall.Access(dir, mayWrite|mayEnter) == nil }

// freeSpace is how many bytes this user may still write to the disk of a directory.
func freeSpace(dir string) (free uint64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true //nolint:unconvert // the types differ between systems
}
