// Command tests sets up and runs every test of the repository: those in Go, against real servers which it starts and stops,
// and those of the playground. At the end it lists what ran against which server, and what this machine could not run, by
// name and with the reason; where the variable CI is set, that is a failure.
//
//	go run .ci/tests.go [arguments of go test; ./... unless given]
//
// The variable SERVERS chooses: names of servers, "none" for only the tests that need none, all unless given.
package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"thalamus/stores/storestest/servers"
)

// longest is the package whose tests take longest, mostly of its server. They begin first, so that others run beside them.
const longest = "./stores/neo4j"

// nodePackages are the folders whose tests need npm packages.
var nodePackages = []string{"graph/transport/audits", "playground"}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	r := &run{output: map[test][]string{}, servers: &servers.Services{}, against: map[string][]string{}}
	r.setUp()
	r.startServers(ctx)
	if args := os.Args[1:]; len(args) > 0 {
		r.goTests(ctx, nil, args)
	} else {
		r.goTests(ctx, nil, []string{longest, "./..."})
		r.edgeTests(ctx)
	}
	r.stopServers()
	r.playgroundTests()
	os.Exit(r.report())
}

// run is one run of the tests.
type run struct {
	output   map[test][]string // what the tests that are not over have printed
	failed   []string
	missing  []string // "what: why"
	optional []string // like missing, of what was never promised
	npm      bool     // the npm packages are there
	servers  *servers.Services
	against  map[string][]string // the packages whose tests ran against a server, by its variable
}

type test struct{ Package, Test string }

// setUp installs the npm packages that tests need, when node is there to run them.
func (r *run) setUp() {
	for _, tool := range []string{"node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			r.missing = append(r.missing, "unit tests of the playground: "+tool+" is not installed")
			return
		}
	}
	r.npm = true
	for _, dir := range nodePackages {
		if installed(dir) {
			continue
		}
		fmt.Println("npm ci in", dir)
		if out, err := in(dir, "npm", "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
			fmt.Print(string(out))
			r.missing = append(r.missing, fmt.Sprintf("tests that need the npm packages of %s: npm ci failed: %v", dir, err))
			r.npm = false
		}
	}
}

// installed says whether npm has installed what the lock file asks for, and nothing has changed there since.
func installed(dir string) bool {
	lock, err := os.Stat(filepath.Join(dir, "package-lock.json"))
	have, missing := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json"))
	return err == nil && missing == nil && !lock.ModTime().After(have.ModTime())
}

func in(dir, name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = dir
	return c
}

// startServers starts the servers that tests need. Tests whose server is missing are skipped, each with the reason.
func (r *run) startServers(ctx context.Context) {
	wanted := os.Getenv("SERVERS")
	if wanted == "none" {
		return
	}
	products, err := servers.Parse(wanted)
	if err != nil {
		fmt.Println("SERVERS:", err)
		os.Exit(2)
	}
	fmt.Println("Starting the servers ...")
	r.servers, err = servers.Provide(ctx, products...)
	if err != nil {
		fmt.Println(err)
	}
	for _, s := range r.servers.Provided {
		if s.Err != nil && s.Promised {
			r.missing = append(r.missing, fmt.Sprintf("tests that need %s: it did not start, for the reason above", s.Product))
		}
	}
}

func (r *run) stopServers() {
	if err := r.servers.Close(); err != nil {
		r.failed = append(r.failed, "stopping the servers: "+err.Error())
	}
}

// unpromised says whether a reason for a skip is that a server is missing which need not be there.
func (r *run) unpromised(reason string) bool {
	for _, s := range r.servers.Provided {
		if s.Err != nil && !s.Promised && strings.Contains(reason, s.Variable) {
			return true
		}
	}
	return false
}

// onServers are the packages whose tests of the edge run a second time, on real servers, but for those that are not about
// stores, or ask of all stores what each was asked by itself.
var onServers = []string{"-skip=^(TestAdmission|TestAttacks|TestEveryFilter)$", "./graph", "./resilience/saga"}

// edgeTests runs the tests of the edge on the servers instead of the embedded stores. It takes one for every role.
func (r *run) edgeTests(ctx context.Context) {
	for _, name := range []string{"GRAPH", "VECTORS", "RECORDS", "CACHE"} {
		if !slices.ContainsFunc(r.servers.Environment(), func(v string) bool { return strings.HasPrefix(v, "THALAMUS_TEST_"+name+"=") }) {
			r.missing = append(r.missing, "tests of the edge on servers: there is none for THALAMUS_TEST_"+name)
			return
		}
	}
	fmt.Println("Once more, on the servers:")
	r.goTests(ctx, []string{"THALAMUS_TEST_EDGE=servers"}, onServers)
}

// goTests runs tests in Go with more variables and prints a line for each package, and all of what a failed test has
// printed.
func (r *run) goTests(ctx context.Context, environment, args []string) {
	c := exec.CommandContext(ctx, "go", append([]string{"test", "-json", "-timeout=20m"}, args...)...)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.Env = slices.Concat(os.Environ(), r.servers.Environment(), environment)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		r.failed = append(r.failed, "go test: "+err.Error())
		return
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Println(lines.Text())
			continue
		}
		r.note(e)
	}
	if err := c.Wait(); err != nil && len(r.failed) == 0 {
		r.failed = append(r.failed, "go test: "+err.Error())
	}
}

// event is a line of go test -json.
type event struct {
	test
	Action  string
	Output  string
	Elapsed float64 // seconds
}

func (r *run) note(e event) {
	switch e.Action {
	case "build-output":
		fmt.Print(e.Output)
	case "output":
		r.output[e.test] = append(r.output[e.test], e.Output)
		if m := named.FindStringSubmatch(e.Output); m != nil && !slices.Contains(r.against[m[1]], e.Package) {
			r.against[m[1]] = append(r.against[m[1]], e.Package)
		}
	case "pass", "fail", "skip":
		r.over(e)
		delete(r.output, e.test)
	}
}

func (r *run) over(e event) {
	name := e.Package
	if e.Test != "" {
		name += " " + e.Test
	}
	out := strings.Join(r.output[e.test], "")
	switch {
	case e.Action == "fail":
		fmt.Print(out)
		r.failed = append(r.failed, name)
	case e.Test == "" && e.Action == "pass":
		fmt.Printf("ok    %-44s %6.1fs\n", name, e.Elapsed)
	case e.Test != "" && e.Action == "skip":
		why := reason(out)
		if r.unpromised(why) {
			r.optional = append(r.optional, name+": "+why)
		} else {
			r.missing = append(r.missing, name+": "+why)
		}
	}
}

// named is the line by which a test says which server it runs against.
var named = regexp.MustCompile(`: runs against (\w+)\n$`)

// logged is a line that a test has logged, behind the place it was logged at.
var logged = regexp.MustCompile(`(?m)^\s+\S+\.go:\d+: (.*)$`)

func reason(out string) string {
	if m := logged.FindStringSubmatch(out); m != nil {
		return m[1]
	}
	return cmp.Or(strings.TrimSpace(out), "no reason given")
}

// playgroundTests checks the types of the playground and runs its unit tests.
func (r *run) playgroundTests() {
	if !r.npm {
		return
	}
	for _, script := range []string{"check", "test"} {
		out, err := in("playground", "npm", "run", "--silent", script).CombinedOutput()
		if err != nil {
			fmt.Print(string(out))
			r.failed = append(r.failed, "playground: npm run "+script)
			continue
		}
		fmt.Printf("ok    playground: npm run %s\n", script)
	}
}

// report says what failed and what could not be run, and gives the exit code.
func (r *run) report() int {
	if len(r.servers.Provided) > 0 {
		fmt.Println("\nServers:")
		r.servers.Print(os.Stdout)
	}
	for _, s := range r.servers.Provided {
		if packages := r.against[s.Variable]; len(packages) > 0 {
			slices.Sort(packages)
			fmt.Printf("  Ran against %s: %s\n", s.Name, strings.Join(packages, ", "))
		}
	}
	list("Failed:", r.failed)
	list("Not run on this machine, and not promised:", r.optional)
	list("Not run on this machine:", r.missing)
	ci := os.Getenv("CI") != ""
	switch {
	case len(r.failed) > 0:
		return 1
	case len(r.missing) > 0 && ci:
		fmt.Println("\nCI is set, so what could not be run counts as failed.")
		return 1
	case len(r.missing) > 0:
		fmt.Println("\nEverything else passed.")
	case len(r.optional) > 0:
		fmt.Println("\nEverything that was promised was run, and everything passed.")
	default:
		fmt.Println("\nEverything was run, and everything passed.")
	}
	return 0
}

func list(title string, items []string) {
	if len(items) > 0 {
		fmt.Printf("\n%s\n  %s\n", title, strings.Join(items, "\n  "))
	}
}
