package servers_test

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"thalamus/stores/storestest/servers"
)

// private starts an instance that ends with the test.
func private(t *testing.T, product servers.Product) *servers.Server {
	t.Helper()
	s, err := servers.Start(t.Context(), product)
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// answers says whether the server answers within two seconds.
func answers(t *testing.T, s *servers.Server) bool {
	t.Helper()
	_, err := servers.Examine(t.Context(), s.URL)
	return err == nil
}

func TestAServerIsWhatItSays(t *testing.T) {
	for _, product := range []servers.Product{servers.Redis, servers.MariaDB} {
		t.Run(string(product), func(t *testing.T) {
			t.Parallel()
			s := private(t, product)
			if s.Name != string(product) || strings.Count(s.Version, ".") < 2 || s.Source == "" {
				t.Errorf("%s %q from %q", s.Name, s.Version, s.Source)
			}
			if _, err := url.Parse(s.URL); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSeveralInstancesAreApart(t *testing.T) {
	one, two := private(t, servers.Redis), private(t, servers.Redis)
	one.Kill()
	if answers(t, one) || !answers(t, two) {
		t.Errorf("after the death of one: it answers %t, the other %t", answers(t, one), answers(t, two))
	}
}

func TestRestart(t *testing.T) {
	s := private(t, servers.MariaDB)
	was := s.URL
	for _, kill := range []bool{true, false} {
		if kill {
			s.Kill()
			if answers(t, s) {
				t.Fatal("a killed server answers")
			}
		}
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.URL != was || !answers(t, s) {
			t.Errorf("started again at %s instead of %s", s.URL, was)
		}
	}
}

func TestFrozen(t *testing.T) {
	s := private(t, servers.Redis)
	if err := s.Freeze(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if found, err := servers.Examine(ctx, s.URL); err == nil {
		t.Errorf("a frozen server answered: %v", found)
	}
	if err := s.Thaw(); err != nil {
		t.Fatal(err)
	}
	if !answers(t, s) {
		t.Error("a thawed server does not answer")
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := private(t, servers.Redis)
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(os.TempDir(), "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	if answers(t, s) {
		t.Error("a closed server answers")
	}
	if err := s.Restart(t.Context()); err == nil {
		t.Error("a closed server was started again")
	}
	if err := s.Freeze(); err == nil {
		t.Error("a closed server was frozen")
	}
}

// TestOwner is no test: it is the process that TestNoServerOutlivesItsOwner kills.
func TestOwner(t *testing.T) {
	if os.Getenv("SERVERS_TEST_OWNER") == "" {
		return
	}
	fmt.Println(private(t, servers.Redis).URL)
	select {}
}

func TestNoServerOutlivesItsOwner(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a process with the one that started it")
	}
	private(t, servers.Redis) // or skip
	owner := exec.Command(os.Args[0], "-test.run", "^TestOwner$")
	owner.Env = append(os.Environ(), "SERVERS_TEST_OWNER=yes")
	out, err := owner.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	at := strings.TrimSpace(line)
	if _, err := servers.Examine(t.Context(), at); err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = owner.Wait()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if _, err := servers.Examine(t.Context(), at); err != nil {
			return
		}
	}
	t.Fatal("the server outlived its owner")
}

func TestTheEnvironmentComesFirst(t *testing.T) {
	s := private(t, servers.Redis)
	t.Setenv("THALAMUS_TEST_CACHE", s.URL)
	services, err := servers.Provide(t.Context(), servers.Redis)
	if err != nil {
		t.Fatal(err)
	}
	if got := services.Environment(); !slices.Equal(got, []string{"THALAMUS_TEST_CACHE=" + s.URL}) {
		t.Errorf("environment %q", got)
	}
	if got := services.Provided[0]; got.Name != "Redis" || got.Version != s.Version {
		t.Errorf("found %+v", got)
	}
	if err := services.Close(); err != nil {
		t.Error(err)
	}
	if !answers(t, s) {
		t.Error("a server that was there before was stopped")
	}
}

func TestANamedServerThatIsNotThereIsNotReplaced(t *testing.T) {
	s := private(t, servers.Redis)
	s.Kill()
	t.Setenv("THALAMUS_TEST_CACHE", s.URL)
	services, err := servers.Provide(t.Context(), servers.Redis)
	if err == nil || !strings.Contains(err.Error(), "THALAMUS_TEST_CACHE") {
		t.Errorf("error %v", err)
	}
	var printed strings.Builder
	services.Print(&printed)
	if len(services.Environment()) != 0 || !strings.Contains(printed.String(), "does not answer") {
		t.Errorf("%v %s", services.Environment(), &printed)
	}
}

func TestParse(t *testing.T) {
	got, err := servers.Parse("redis, MariaDB neo4j,")
	if want := []servers.Product{servers.Redis, servers.MariaDB, servers.Neo4j}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := servers.Parse(" "); err != nil || len(got) != 0 {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := servers.Parse("redis oracle"); err == nil || !strings.Contains(err.Error(), `"oracle"`) || !strings.Contains(err.Error(), "mysql") {
		t.Errorf("error %v", err)
	}
}

func TestExamineRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, u := range []string{"ftp://127.0.0.1:1", "redis://127.0.0.1:1/0", "redis://secret:secret@[", "qdrant://127.0.0.1:1"} {
		if _, err := servers.Examine(t.Context(), u); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", u, err)
		}
	}
}
