//go:build !linux

package servers

import (
	"syscall"
	"time"
)

// attributes are the system's own: servers that run when their owner is killed go on here.
func attributes() *syscall.SysProcAttr { return nil }

// standsStill gives a process the time to stop; the system does not tell when it has.
func standsStill(int) error {
	time.Sleep(100 * time.Millisecond)
	return nil
}
