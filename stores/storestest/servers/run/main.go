// Command run provides the servers that tests need, and names them in lines for a shell. It stays until Ctrl-C or the end of
// its input, then stops what it has started. With a command, it runs that with the servers in its environment instead, and
// ends with its exit code.
//
//	go run ./stores/storestest/servers/run [-servers "neo4j redis"] [command [arguments]]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"thalamus/stores/storestest/servers"
)

func main() {
	names := flag.String("servers", os.Getenv("SERVERS"), "which ones, separated by commas or blanks; all unless given")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code, err := run(ctx, *names, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, names string, command []string) (code int, err error) {
	products, err := servers.Parse(names)
	if err != nil {
		return 2, err
	}
	fmt.Fprintln(os.Stderr, "Starting the servers; what is missing is installed first, which can take minutes ...")
	s, err := servers.Provide(ctx, products...)
	defer func() { err = errors.Join(err, s.Close()) }()
	s.Print(os.Stderr)
	if err != nil {
		return 1, err
	}
	if len(command) > 0 {
		return with(ctx, s.Environment(), command)
	}
	for _, variable := range s.Environment() {
		fmt.Printf("export %s\n", quoted(variable))
	}
	fmt.Fprintln(os.Stderr, "\nReady. Ctrl-C stops them.")
	select {
	case <-ctx.Done():
	case <-inputEnds():
	}
	return 0, nil
}

// quoted is "NAME=URL" with the URL as one word for a shell.
func quoted(variable string) string {
	name, url, _ := strings.Cut(variable, "=")
	return name + "='" + strings.ReplaceAll(url, "'", `'\''`) + "'"
}

// with runs a command with more in its environment. An interrupt reaches it by itself when it comes from a terminal.
func with(ctx context.Context, environment, command []string) (int, error) {
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.Env = append(os.Environ(), environment...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(1, exit.ExitCode()), nil
	}
	return 0, err
}

// inputEnds is closed when the input does. The empty device ends at once and means nothing.
func inputEnds() <-chan struct{} {
	ends := make(chan struct{})
	in, err := os.Stdin.Stat()
	if err != nil {
		return ends
	}
	if null, err := os.Stat(os.DevNull); err == nil && os.SameFile(in, null) {
		return ends
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // it ends either way
		close(ends)
	}()
	return ends
}
