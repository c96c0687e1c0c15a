//go:build unix

package servers

import (
	"errors"
	"os"
	"syscall"
)

func (p *process) freeze() error {
	if err := p.signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return standsStill(p.command.Process.Pid)
}

func (p *process) thaw() error { return p.signal(syscall.SIGCONT) }

func (p *process) signal(s os.Signal) error {
	if p == nil {
		return errors.New("the server is closed")
	}
	return p.command.Process.Signal(s)
}

// lock is held on a file until it is released or this process ends.
type lock struct{ file *os.File }

// tryLock takes the lock of a file, which it makes, unless somebody else has it.
func tryLock(path string) (*lock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &lock{f}, nil
}

func (l *lock) release() { _ = l.file.Close() } // which gives the lock back
