//go:build chaos

package main

import (
	"context"
	"os"
	"strconv"

	"thalamus/resilience"
	"thalamus/stores"
)

// chaotic lets `make chaos` try what a gateway on one database never meets: with CHAOS_SPLIT its stores count as separate
// databases, and CHAOS_FAULTS is the share of calls that fail, chosen by CHAOS_SEED.
func chaotic(set *stores.Set) resilience.Middleware {
	if os.Getenv("CHAOS_SPLIT") != "" {
		set.Atomic = nil
	}
	share, _ := strconv.ParseFloat(os.Getenv("CHAOS_FAULTS"), 64) // none is 0
	seed, _ := strconv.ParseUint(os.Getenv("CHAOS_SEED"), 10, 64)
	if share == 0 {
		return nil
	}
	set.Journal = resilience.InjectCommits(set.Journal, seed, share)
	inject := resilience.Inject(seed+1, share)
	return func(ctx context.Context, op resilience.Op, next func(context.Context) error) error {
		if op.Name == "vectors.model" || op.Name == "vectors.bind" { // of the start, which is another matter
			return next(ctx)
		}
		return inject(ctx, op, next)
	}
}
