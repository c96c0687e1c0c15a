//go:build !linux

package servers

import "syscall"

// attributes are the system's own: servers that run when their owner is killed go on here.
func attributes() *syscall.SysProcAttr { return nil }
