package chaos

import (
	"context"
	"time"
)

// Servers are those of a gateway that may be killed, one at a time.
type Servers []Server

// Server is a server that may be killed.
type Server interface {
	Kill()
	Restart(ctx context.Context) error
}

// healthy is how long all servers run between two blows, so that the gateway finds them again and something can be written.
const healthy = 5 * time.Second

// outages kills a server again and again, and starts it 1 to 5 s later.
func (r *run) outages(ctx context.Context) error {
	for range r.Outages {
		if !rest(ctx, healthy+rand300(r.dice)) {
			return ctx.Err()
		}
		s := r.Servers[r.dice.IntN(len(r.Servers))]
		r.report.hit(int(r.wire.inFlight.Load()))
		s.Kill()
		rest(ctx, time.Second+time.Duration(r.dice.Int64N(int64(4*time.Second))))
		if err := s.Restart(ctx); err != nil {
			return err
		}
	}
	return nil
}
