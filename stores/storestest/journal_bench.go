package storestest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"thalamus/stores"
)

// BenchmarkJournal measures what the journal adds to a write: one saga of two rounds, begun, advanced and ended with an
// event. It runs one after the other, eight at once, and as many as a busy gateway begins (200 per second).
func BenchmarkJournal(b *testing.B, set *stores.Set) {
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			noError(b, journaled(b.Context(), set))
		}
	})
	b.Run("eight", func(b *testing.B) {
		b.SetParallelism(8)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := journaled(b.Context(), set); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("paced", func(b *testing.B) { paced(b, set, time.Second/200) })
}

// paced begins a saga every so often, whatever becomes of those before it, and reports how long they took.
func paced(b *testing.B, set *stores.Set, every time.Duration) {
	took, start := make([]time.Duration, b.N), time.Now()
	var all sync.WaitGroup
	for i := range took {
		due := start.Add(time.Duration(i) * every)
		time.Sleep(time.Until(due))
		all.Go(func() {
			if err := journaled(b.Context(), set); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(due)
		})
	}
	all.Wait()
	slices.Sort(took)
	for name, part := range map[string]int{"p50-ms": 50, "p99-ms": 99} {
		b.ReportMetric(float64(took[len(took)*part/100].Microseconds())/1000, name)
	}
}

// journaled is the journal's part of a write.
func journaled(ctx context.Context, set *stores.Set) error {
	s, node := stores.NewScope("u", "", ""), stores.NewID()
	saga := &stores.Saga{
		ID: stores.NewID(), Scope: s, Operation: "createEntity", State: stores.SagaRunning, OnDown: stores.OnDownRollBack, Owner: "gateway",
		Steps: []stores.SagaStep{{Store: stores.RoleRecords, Name: "entityRecords.put"}, {Store: stores.RoleGraph, Name: "entities.put"},
			{Store: stores.RoleVectors, Name: "vectors.upsert"}},
		Nodes: []stores.Ref{{Kind: stores.KindEntity, ID: node}}, Claims: []string{string(node), "name " + string(node)}, Plan: bytes.Repeat([]byte("plan "), 800),
	}
	err := set.Journal.Begin(ctx, saga, 30*time.Second)
	if err == nil {
		saga.Steps[1].State, saga.Attempts = stores.StepDone, 1
		err = set.Journal.Advance(ctx, saga, 1)
	}
	if err != nil {
		return err
	}
	saga.State = stores.SagaCommitted
	return set.Journal.Atomic(ctx, func(ctx context.Context) error {
		return errors.Join(set.Journal.Advance(ctx, saga, 1), set.Outbox.Append(ctx, []stores.Event{event(s, saga.ID)}))
	})
}
