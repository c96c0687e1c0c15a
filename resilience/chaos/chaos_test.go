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

// TestControls wants mistakes to be seen that builds make on purpose.
func TestControls(t *testing.T) {
	for tag, o := range map[string]Options{
		"chaos_early_answer": {Kills: 8},
		"chaos_marked_only":  {Kills: 8, Split: true, Faults: 0.4},
	} {
		t.Run(tag, func(t *testing.T) {
			o.Binary, o.Seed, o.Writers = built(t, tag), 3, 8
			if r := try(t, o); len(r.Violations) == 0 {
				t.Error("nothing was noticed")
			}
		})
	}
}
