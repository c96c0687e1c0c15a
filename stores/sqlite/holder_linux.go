package sqlite

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockHolder is the process that holds the lock of a file, or 0 when that cannot be told. Lines of /proc/locks read
// "1: FLOCK ADVISORY WRITE 4711 08:02:1234 0 EOF", with the process and device:inode.
func lockHolder(path string) int {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	locks, err := os.Open("/proc/locks")
	if err != nil {
		return 0
	}
	defer locks.Close() //nolint:errcheck // it was only read
	inode := fmt.Sprintf(":%d", stat.Ino)
	for lines := bufio.NewScanner(locks); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) >= 6 && f[1] == "FLOCK" && strings.HasSuffix(f[5], inode) {
			pid, _ := strconv.Atoi(f[4])
			return max(pid, 0) // -1 stands for a process of another namespace
		}
	}
	return 0
}
