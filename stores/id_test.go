package stores_test

import (
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"thalamus/stores"
)

var uuidV7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestNewIDIsVersion7(t *testing.T) {
	before := time.Now().UnixMilli()
	id := stores.NewID()
	after := time.Now().UnixMilli()
	if !uuidV7.MatchString(string(id)) {
		t.Fatalf("%s is not a UUID of version 7 and variant 10", id)
	}
	b, err := hex.DecodeString(strings.ReplaceAll(string(id), "-", "")[:12])
	if err != nil {
		t.Fatal(err)
	}
	var stamp int64
	for _, x := range b {
		stamp = stamp<<8 | int64(x)
	}
	// Ids made faster than the clock ticks run ahead of it, by far less than a second.
	if stamp < before || stamp > after+1000 {
		t.Errorf("the time in %s is %d, want one from %d to %d", id, stamp, before, after)
	}
}

func TestNewIDRises(t *testing.T) {
	last := stores.NewID()
	for range 100_000 {
		id := stores.NewID()
		if id <= last {
			t.Fatalf("%s came after %s", id, last)
		}
		last = id
	}
}

func TestNewIDFromManyGoroutines(t *testing.T) {
	const each = 5000
	lists := make([][]stores.ID, 8)
	var wg sync.WaitGroup
	for i := range lists {
		wg.Go(func() {
			for range each {
				lists[i] = append(lists[i], stores.NewID())
			}
		})
	}
	wg.Wait()
	for _, list := range lists {
		if !slices.IsSorted(list) {
			t.Error("the ids of one goroutine do not rise")
		}
	}
	all := slices.Concat(lists...)
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != len(lists)*each {
		t.Errorf("%d different ids, want %d", n, len(lists)*each)
	}
}

func TestParseID(t *testing.T) {
	id := stores.NewID()
	for _, s := range []string{string(id), strings.ToUpper(string(id))} {
		if got, err := stores.ParseID(s); err != nil || got != id {
			t.Errorf("ParseID(%q) = %q, %v; want %q", s, got, err, id)
		}
	}
	if got, err := stores.ParseID("00000000-0000-0000-0000-000000000000"); err != nil || got != "00000000-0000-0000-0000-000000000000" {
		t.Errorf("the nil UUID: %q, %v", got, err)
	}
	for _, s := range []string{
		"", "x", string(id[:35]), string(id) + "0", "{" + string(id[:34]) + "}", strings.ReplaceAll(string(id), "-", ""),
		strings.Replace(string(id), "-", "_", 1), "g" + string(id[1:]), "0190a3b27-c11-7def-8123-456789abcdef", " " + string(id[1:]),
		strings.Repeat("é", 18), strings.Repeat("a", 100_000),
	} {
		_, err := stores.ParseID(s)
		if !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("ParseID(%.60q): %v, want it refused", s, err)
			continue
		}
		if len(err.Error()) > 400 {
			t.Errorf("ParseID of %d bytes complains at a length of %d", len(s), len(err.Error()))
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(string(stores.NewID()))
	f.Add("0190A3B2-7C11-7DEF-8123-456789ABCDEF")
	f.Add("not-an-id")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := stores.ParseID(s)
		if err != nil {
			if !errors.Is(err, stores.ErrInvalid) || id != "" {
				t.Errorf("ParseID(%q) = %q, %v", s, id, err)
			}
			return
		}
		if string(id) != strings.ToLower(s) {
			t.Errorf("ParseID(%q) = %q", s, id)
		}
		if again, err := stores.ParseID(string(id)); err != nil || again != id {
			t.Errorf("ParseID of its own result %q = %q, %v", id, again, err)
		}
	})
}

func TestNow(t *testing.T) {
	now := stores.Now()
	if now.Location() != time.UTC || now.Nanosecond()%1000 != 0 || time.Since(now) > time.Minute {
		t.Errorf("Now() = %v, want UTC microseconds", now)
	}
}
