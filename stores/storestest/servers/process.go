package servers

import (
	"os"
	"os/exec"
	"runtime"
)

// process is a program that runs until it is killed.
type process struct {
	command *exec.Cmd
	over    chan struct{} // closed when it has ended
	err     error         // why; to be read after over
}

// start starts a program that writes its output to the end of a file. The goroutine that waits for it keeps its thread to
// itself: systems that end a child with its parent mean the thread that started it.
func start(command, environment []string, dir, log string) (*process, error) {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	c := exec.Command(command[0], command[1:]...) //nolint:noctx // it outlives the context of the call that starts it
	c.Dir, c.Stdout, c.Stderr = dir, output, output
	c.Env = append(os.Environ(), environment...)
	c.SysProcAttr = attributes()
	p := &process{command: c, over: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer close(p.over)
		defer output.Close() //nolint:errcheck // the program has its own handle
		err := c.Start()
		started <- err
		if err == nil {
			p.err = c.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// kill ends the process and returns when it is gone. Of none, and of one that has ended, there is nothing to do.
func (p *process) kill() {
	if p != nil {
		_ = p.command.Process.Kill() // it fails for one that has ended
		<-p.over
	}
}
