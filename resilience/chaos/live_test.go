package chaos

import (
	"os"
	"testing"
	"time"
)

// TestSoakSubscribers has subscribers follow what is written while they leave and come again, and while gateways are killed
// and stopped: they are told everything, once, and in order. THALAMUS_SOAK=1 makes it 200 of them and 20,000 events.
func TestSoakSubscribers(t *testing.T) {
	binary := built(t)
	o := Options{Binary: binary, Seed: 4, Writers: 6, Audience: Audience{
		Subscribers: 6, Reconnects: 3, Events: 200, Stay: 400 * time.Millisecond, Calm: 200 * time.Millisecond,
	}}
	if os.Getenv("THALAMUS_SOAK") != "" {
		o.Audience = Audience{Subscribers: 200, Reconnects: 20, Events: 20_000, Stay: 6 * time.Second, Calm: 4 * time.Second}
	}
	t.Run("Embedded", func(t *testing.T) { heard(t, try(t, o), o.Audience) })
	t.Run("Servers", func(t *testing.T) {
		urls := Given()
		if urls == nil {
			t.Skip("the environment gives no servers")
		}
		environ, err := OnServers(t.TempDir(), urls)
		if err != nil {
			t.Fatal(err)
		}
		o.Environ, o.Pair = environ, true
		if os.Getenv("THALAMUS_SOAK") == "" {
			o.Audience.Events = 60 // servers take longer to write
		}
		heard(t, try(t, o), o.Audience)
	})
}

func heard(t *testing.T, r *Report, a Audience) {
	t.Helper()
	sound(t, r, false)
	l := r.Live
	if l.Lost+l.Repeated > 0 || l.Least < a.Reconnects || l.Events < a.Events || l.Subscribers != a.Subscribers || l.Sockets*2 > a.Subscribers+scopes {
		t.Errorf("%+v", *l)
	}
}
