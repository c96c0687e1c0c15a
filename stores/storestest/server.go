package storestest

import (
	"os"
	"testing"

	"thalamus/stores"
)

// Server is the URL of the server under test that plays a role, from THALAMUS_TEST_<role>, spelled as in the configuration.
// Without one the test is skipped; where CI is set it fails, since a promised backend that is missing is a failure.
func Server(t testing.TB, role stores.Role) string {
	t.Helper()
	name := "THALAMUS_TEST_" + string(role)
	url := os.Getenv(name)
	switch {
	case url != "":
		t.Logf("runs against %s", name) // which the report of make test gathers
	case os.Getenv("CI") != "":
		t.Fatalf("%s is not set: run the tests by `make test`, which starts the servers they need", name)
	default:
		t.Skipf("%s is not set; `make test` starts a server and sets it", name)
	}
	return url
}
