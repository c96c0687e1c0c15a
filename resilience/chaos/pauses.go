//go:build unix

package chaos

import (
	"context"
	"syscall"
	"time"
)

// pauses stops one of two gateways for longer than its lease again and again, and lets it go on: then it comes late with
// what it was about to write.
func (r *run) pauses(ctx context.Context) error {
	for range r.Pauses {
		if !rest(ctx, backHome/2+rand300(r.dice)) {
			return ctx.Err()
		}
		g := r.gateways[r.dice.IntN(len(r.gateways))]
		r.report.hit(int(r.wire.inFlight.Load()))
		if err := g.process.Process.Signal(syscall.SIGSTOP); err != nil {
			return err
		}
		rest(ctx, 2*r.lease()+recoveryPause)
		if err := g.process.Process.Signal(syscall.SIGCONT); err != nil {
			return err
		}
	}
	return nil
}

// recoveryPause is how often a gateway looks for writes that were left over, and some time to carry them on.
const recoveryPause = 1500 * time.Millisecond
