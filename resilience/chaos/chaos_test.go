package chaos

import (
	"strings"
	"testing"
	"time"
)

// try makes a trial of a gateway on embedded stores.
func try(t *testing.T, o Options) *Report {
	t.Helper()
	if o.Environ == nil {
		o.Environ = Embedded(t.TempDir())
	}
	o.Patience = time.Minute
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r.Name = t.Name()
	out := &strings.Builder{}
	r.Print(out)
	t.Log("\n" + out.String())
	return r
}

// built compiles the gateway with the tag chaos and others.
func built(t *testing.T, tags ...string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("the race detector, for which tests are short, does not see into other processes")
	}
	binary, err := Build(t.Context(), t.TempDir(), append([]string{"chaos"}, tags...)...)
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

func sound(t *testing.T, r *Report, leftOver bool) {
	t.Helper()
	if why := r.Void(leftOver); why != "" {
		t.Error("this shows nothing:", why)
	}
	if len(r.Violations) > 0 {
		t.Error("promises were broken")
	}
}

// TestKills is the short form of `make chaos`.
func TestKills(t *testing.T) {
	binary := built(t)
	t.Run("Embedded", func(t *testing.T) { sound(t, try(t, Options{Binary: binary, Seed: 1, Writers: 8, Kills: 8}), false) })
	t.Run("Split", func(t *testing.T) {
		sound(t, try(t, Options{Binary: binary, Seed: 2, Writers: 8, Kills: 8, Split: true, Faults: 0.1}), true)
	})
}

// TestControl wants a mistake to be seen that a build makes on purpose.
func TestControl(t *testing.T) {
	r := try(t, Options{Binary: built(t, "chaos_early_answer"), Seed: 3, Writers: 8, Kills: 8})
	if len(r.Violations) == 0 {
		t.Error("nothing was noticed")
	}
}
