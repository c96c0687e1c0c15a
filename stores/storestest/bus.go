package storestest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"thalamus/stores"
)

// Bus asks whether a backend keeps the contract of [stores.Bus].
func Bus(t *testing.T, open func(testing.TB) *stores.Set) {
	s := suite{t, open(t)}
	run := func(name string, fn func(line)) {
		s.run(name, func(w *world) { fn(newLine(w)) })
	}
	run("Delivery", testBusDelivery)
	run("Everybody", testBusEverybody)
	run("Later", testBusLater)
	run("Copies", testBusCopies)
	run("Topics", testBusTopics)
	run("ContextEnds", testBusContextEnds)
	run("SlowReader", testBusSlowReader)
	run("Race", testBusRace)
	run("Refusals", testBusRefusals)
	run("Interrupted", testBusInterrupted)
	closed(t, open, func(w *world) []call { return newLine(w).calls() })
	t.Run("CloseEndsSubscriptions", func(t *testing.T) { testBusClose(t, open) })
}

// line is a bus in a world, with topics nobody else has.
type line struct {
	*world
	stores.Bus
	prefix string
}

func newLine(w *world) line { return line{w, w.set.Bus, string(stores.NewID()) + " "} }

func (l line) subscribe(topics ...string) <-chan stores.Message {
	l.t.Helper()
	for i := range topics {
		topics[i] = l.prefix + topics[i]
	}
	messages, err := l.Subscribe(l.ctx(), topics)
	noError(l.t, err)
	return messages
}

func (l line) publish(topic, payload string) {
	l.t.Helper()
	noError(l.t, l.Publish(l.ctx(), l.prefix+topic, []byte(payload)))
}

// next waits for a message.
func (l line) next(messages <-chan stores.Message) stores.Message {
	l.t.Helper()
	select {
	case m, open := <-messages:
		if !open {
			l.t.Fatal("the subscription has ended")
		}
		return m
	case <-time.After(patience):
		l.t.Fatal("no message comes")
	}
	return stores.Message{}
}

// gets wants a certain message to be the next.
func (l line) gets(what string, messages <-chan stores.Message, topic, payload string) {
	l.t.Helper()
	same(l.t, what, stores.Message{Topic: l.prefix + topic, Payload: []byte(payload)}, l.next(messages))
}

// ended waits for the end of a subscription.
func ended(t testing.TB, messages <-chan stores.Message) {
	t.Helper()
	end := time.After(patience)
	for {
		select {
		case _, open := <-messages:
			if !open {
				return
			}
		case <-end:
			t.Fatal("the subscription never ends")
		}
	}
}

func (l line) calls() []call {
	return []call{
		{"Publish", func(ctx context.Context) error { return l.Publish(ctx, l.prefix+"a", []byte("interrupted")) }},
		{"Subscribe", ask(func(ctx context.Context) (<-chan stores.Message, error) {
			return l.Subscribe(ctx, []string{l.prefix + "a"})
		})},
	}
}

func testBusDelivery(l line) {
	messages := l.subscribe("a", "b", "a")
	for _, payload := range []string{"first", "", "\x00\xff\r\n", string(bytes.Repeat([]byte{0xab}, stores.MaxPayload))} {
		l.publish("c", "not for us")
		l.publish("a", payload)
		l.gets("published to one topic", messages, "a", payload)
		l.publish("b", payload)
		l.gets("published to another topic", messages, "b", payload)
	}
}

func testBusEverybody(l line) {
	l.publish("c", "nobody is there")
	one, other, both := l.subscribe("a"), l.subscribe("a"), l.subscribe("b", "a")
	l.publish("a", "news")
	for _, messages := range []<-chan stores.Message{one, other, both} {
		l.gets("every subscriber", messages, "a", "news")
	}
	l.publish("b", "more")
	l.gets("the subscriber of both", both, "b", "more")
	l.publish("a", "end")
	l.gets("a subscriber of one", one, "a", "end")
}

// testBusLater: nothing that is published after Subscribe returns is lost, whatever of the time before is seen.
func testBusLater(l line) {
	for round := range 20 {
		topic := fmt.Sprint(round)
		l.publish(topic, "early")
		messages := l.subscribe(topic)
		l.publish(topic, "late")
		for m := l.next(messages); string(m.Payload) != "late"; m = l.next(messages) {
			same(l.t, "a message before", "early", string(m.Payload))
		}
	}
}

func testBusCopies(l line) {
	one, other := l.subscribe("a"), l.subscribe("a")
	payload := []byte("value")
	noError(l.t, l.Publish(l.ctx(), l.prefix+"a", payload))
	copy(payload, "XXXXX")
	m := l.next(one)
	same(l.t, "after the given bytes changed", "value", string(m.Payload))
	copy(m.Payload, "YYYYY")
	l.gets("after the bytes of another subscriber changed", other, "a", "value")
}

// testBusTopics: a topic is no pattern, and every one has its own messages.
func testBusTopics(l line) {
	topics := []string{"a", "A", "ab", "a*", "?", "[a-z]", "a ", "{a}", "a\x00b\xff"}
	topics = append(topics, hostile...)
	seen := map[string]bool{}
	var fit []string
	for _, topic := range topics {
		if !seen[topic] && len(l.prefix)+len(topic) <= stores.MaxKey {
			seen[topic], fit = true, append(fit, topic)
		}
	}
	messages := make([]<-chan stores.Message, len(fit))
	for i, topic := range fit {
		messages[i] = l.subscribe(topic)
	}
	for i, topic := range fit {
		l.publish(topic, fmt.Sprint(i))
	}
	for i, topic := range fit {
		l.gets(fmt.Sprintf("topic %.40q", topic), messages[i], topic, fmt.Sprint(i))
		l.publish(topic, "end")
		l.gets(fmt.Sprintf("topic %.40q", topic), messages[i], topic, "end")
	}
}

func testBusContextEnds(l line) {
	stays := l.subscribe("a")
	ctx, cancel := context.WithCancel(l.ctx())
	defer cancel()
	goes, err := l.Subscribe(ctx, []string{l.prefix + "a"})
	noError(l.t, err)
	l.publish("a", "1")
	l.gets("before", stays, "a", "1")
	cancel()
	ended(l.t, goes)
	l.publish("a", "2")
	l.gets("after another's context ended", stays, "a", "2")

	late, stop := context.WithTimeout(l.ctx(), 50*time.Millisecond)
	defer stop()
	if goes, err = l.Subscribe(late, []string{l.prefix + "a"}); err == nil {
		ended(l.t, goes)
	} else {
		refused(l.t, "a subscription at its deadline", err, context.DeadlineExceeded)
	}
}

// testBusSlowReader publishes more than may wait for a reader. Another reader, who keeps up, tells when all has arrived.
func testBusSlowReader(l line) {
	const many = 4 * stores.MaxLag
	slow, fast := l.subscribe("a"), l.subscribe("a")
	for i := range many {
		l.publish("a", fmt.Sprint(i))
		l.gets("the reader who keeps up", fast, "a", fmt.Sprint(i))
	}
	last, missed := -1, false
	for got := 0; !missed; got++ {
		m := l.next(slow)
		if missed = m.Missed; missed {
			same(l.t, "a notice", stores.Message{Missed: true}, m)
			break
		}
		var n int
		if _, err := fmt.Sscan(string(m.Payload), &n); err != nil || n != last+1 {
			l.t.Fatalf("message %q follows %d without notice", m.Payload, last)
		}
		if last = n; got > stores.MaxLag+2 {
			l.t.Fatalf("%d messages waited", got)
		}
	}
	l.publish("a", "end")
	for m := l.next(slow); string(m.Payload) != "end"; m = l.next(slow) {
		l.t.Logf("after the notice: %q", m.Payload)
	}
}

func testBusRace(l line) {
	const each = 20
	messages := l.subscribe("a")
	done := make(chan []error, 1)
	go func() {
		done <- race(func(i int) error {
			for n := range each {
				if err := l.Publish(l.ctx(), l.prefix+"a", fmt.Append(nil, i, " ", n)); err != nil {
					return errors.New("publishing: " + err.Error()) // not to be made again
				}
			}
			return nil
		})
	}()
	seen := map[string]int{}
	for len(seen) < writers*each {
		m := l.next(messages)
		if m.Missed {
			break
		}
		seen[string(m.Payload)]++
	}
	for _, err := range <-done {
		noError(l.t, err)
	}
	for payload, n := range seen {
		if n != 1 {
			l.t.Errorf("%q was delivered %d times", payload, n)
		}
	}
}

func testBusRefusals(l line) {
	for what, topic := range unfit {
		refused(l.t, "publishing to a topic of "+what, l.Publish(l.ctx(), topic, nil), stores.ErrInvalid)
		_, err := l.Subscribe(l.ctx(), []string{l.prefix + "a", topic})
		refused(l.t, "subscribing to a topic of "+what, err, stores.ErrInvalid)
	}
	_, err := l.Subscribe(l.ctx(), nil)
	refused(l.t, "subscribing to no topic", err, stores.ErrInvalid)
	refused(l.t, "a payload that is too large", l.Publish(l.ctx(), l.prefix+"a", make([]byte, stores.MaxPayload+1)), stores.ErrInvalid)
}

func testBusInterrupted(l line) {
	messages := l.subscribe("a")
	interrupted(l.world, l.calls(), func() any { return nil })
	l.publish("a", "end")
	l.gets("after interrupted calls", messages, "a", "end")
}

func testBusClose(t *testing.T, open opener) {
	set := open(t)
	l := newLine(newWorld(t, set))
	idle, behind := l.subscribe("a"), l.subscribe("b")
	l.publish("b", "never read")
	noError(t, set.Close())
	ended(t, idle)
	ended(t, behind)
}
