package servers

import "syscall"

// attributes put a server into a process group of its own, so that Ctrl-C reaches it only through its owner, and end it with
// its owner.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
