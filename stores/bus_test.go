package stores_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"thalamus/stores"
)

func TestFeedDeliversInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		feed := stores.NewFeed()
		go feed.Deliver(ctx)
		for i := range stores.MaxLag {
			feed.Put(stores.Message{Topic: fmt.Sprint(i)})
		}
		for i := range stores.MaxLag {
			if m := <-feed.Messages(); m.Topic != fmt.Sprint(i) || m.Missed {
				t.Fatalf("message %d = %+v", i, m)
			}
		}
		feed.Put(stores.Message{Topic: "never read"})
		synctest.Wait()
		cancel()
		if m, open := <-feed.Messages(); open && m.Topic != "never read" {
			t.Errorf("message = %+v", m)
		}
		synctest.Wait()
		if _, open := <-feed.Messages(); open {
			t.Error("the channel is open after the context ended")
		}
	})
}

// TestFeedTellsWhatItDrops puts in more than may wait, with nobody reading.
func TestFeedTellsWhatItDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		feed := stores.NewFeed()
		for i := range stores.MaxLag + 3 {
			feed.Put(stores.Message{Topic: fmt.Sprint(i)})
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go feed.Deliver(ctx)
		var got []string
		for range 3 {
			m := <-feed.Messages()
			got = append(got, fmt.Sprint(m.Topic, m.Missed))
		}
		// One too many, number 256, made all of them a notice; two came after it.
		if want := fmt.Sprintf("true %dfalse %dfalse", stores.MaxLag+1, stores.MaxLag+2); strings.Join(got, " ") != want {
			t.Errorf("got %v, want %s", got, want)
		}
		feed.Put(stores.Message{Topic: "lost"})
		feed.Put(stores.Message{Missed: true})
		feed.Put(stores.Message{Topic: "next"})
		var topics []string
		for range 2 {
			topics = append(topics, (<-feed.Messages()).Topic)
		}
		if last := topics[1]; last != "next" && (<-feed.Messages()).Topic != "next" {
			t.Errorf("topics = %q", topics)
		}
	})
}

func TestChecksOfKeysLocksAndMessages(t *testing.T) {
	long := strings.Repeat("k", stores.MaxKey+1)
	for what, err := range map[string]error{
		"an empty topic":   stores.CheckMessage("", nil),
		"a long topic":     stores.CheckMessage(long, nil),
		"a large payload":  stores.CheckMessage("a", make([]byte, stores.MaxPayload+1)),
		"no topics":        stores.CheckTopics(nil),
		"one empty topic":  stores.CheckTopics([]string{"a", ""}),
		"an empty name":    stores.CheckAcquire("", 1, 0),
		"a long name":      stores.CheckAcquire(long, 1, 0),
		"no time to live":  stores.CheckAcquire("a", 0, 0),
		"a negative wait":  stores.CheckAcquire("a", 1, -1),
		"no presence":      stores.Presence("").Validate(),
		"another presence": stores.Presence("absent").Validate(),
	} {
		if !errors.Is(err, stores.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, err := range map[string]error{
		"a message": stores.CheckMessage(long[1:], make([]byte, stores.MaxPayload)), "topics": stores.CheckTopics([]string{"a", "a"}),
		"a lock": stores.CheckAcquire("a", 1, 0), "absent": stores.IfAbsent.Validate(), "present": stores.IfPresent.Validate(),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, err := range map[string]error{"held": stores.Held(long), "lost": stores.Lost(long), "counter": stores.NotCounter()} {
		if !errors.Is(err, stores.ErrConflict) || errors.Is(err, stores.ErrUnavailable) || len(err.Error()) > 200 {
			t.Errorf("%s: %v", what, err)
		}
	}
}
