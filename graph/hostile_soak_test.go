//go:build unix

package graph_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"thalamus/graph/limits/attacks"
)

// TestSoakAttacks measures what the attacks take, through every door, and what is left behind. The time of an attack is that of the
// processor, since the machine may have other things to do; it includes what the client takes, which is in the same process.
func TestSoakAttacks(t *testing.T) {
	if os.Getenv("THALAMUS_SOAK") == "" {
		return // `make soak` runs it
	}
	const rounds, most = 5, 50 * time.Millisecond
	doors, all := besieged(t), attacks.All()
	goroutines, heap := runtime.NumGoroutine(), settledHeap()
	for _, d := range doors {
		var took []taken
		for _, a := range all {
			if a.Body != "" && !d.bodies {
				continue
			}
			best := time.Hour // in the others something else was swept up, too
			for range rounds {
				start := busy()
				d.send(t, a)
				best = min(best, busy()-start)
			}
			took = append(took, taken{d.name + ", " + a.Name, best})
		}
		slices.SortFunc(took, func(a, b taken) int { return cmp.Compare(b.time, a.time) })
		t.Logf("%s: %d attacks, median %v, worst %v", d.name, len(took), took[len(took)/2].time, took[:5])
		for _, slow := range took {
			if slow.time > most {
				t.Error(slow)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
	for wait := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines+20 && time.Now().Before(wait); {
		time.Sleep(10 * time.Millisecond)
	}
	left, grown := runtime.NumGoroutine()-goroutines, settledHeap()-heap
	t.Logf("left behind: %d goroutines, %d kB of memory", left, grown>>10)
	if left > 20 || grown > 64<<20 {
		t.Error("the gateway is not what it was")
	}
}

type taken struct {
	attack string
	time   time.Duration
}

func (t taken) String() string {
	return fmt.Sprintf("%v %s", t.time.Round(10*time.Microsecond), t.attack)
}

// busy is the time that processors have spent on this process.
func busy() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func settledHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
