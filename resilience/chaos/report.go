package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a trial showed.
type Report struct {
	Name string
	Seed uint64
	Took time.Duration

	Blows    int // kills, outages or pauses
	Hits     int // of these, while requests were under way
	InFlight int // requests that were under way at blows

	Acknowledged        map[string]int  // writes, by mutation
	Writes              int             // acknowledged ones, all together
	Refused, Resent     int             // requests
	Carried             int             // writes that were left over, and carried on or taken back by a later process
	Fenced              int             // writes that were stopped since another gateway had taken them over
	Startups, Recovered []time.Duration // until ready; until all that was left over had ended
	Settled             time.Duration   // until no write was under way any more, at the end
	Live                *Live           // what those heard who listened
	Violations          []string
}

// hit counts a blow.
func (r *Report) hit(inFlight int) {
	r.Blows++
	r.InFlight += inFlight
	if inFlight > 0 {
		r.Hits++
	}
}

func (r *Report) found(bad []string) { r.Violations = append(r.Violations, bad...) }

// read takes over what the book and the logs say.
func (r *Report) read(b *book, gateways []*gateway) {
	r.Acknowledged, r.Writes, r.Refused, r.Resent = b.counts, b.total(), b.refused, b.resent
	r.found(b.wrong)
	slices.Sort(r.Violations)
	for _, g := range gateways {
		g.mu.Lock()
		r.Carried += g.counts.carried
		r.Fenced += g.counts.fenced
		r.Startups = append(r.Startups, g.counts.startups...)
		r.Recovered = append(r.Recovered, g.counts.recovered...)
		g.mu.Unlock()
	}
}

// Void says why a trial shows nothing, whatever it found; empty when it does.
func (r *Report) Void(leftOver bool) string {
	switch {
	case r.Blows == 0:
		return "there was no blow"
	case r.Writes < 5*r.Blows && (r.Live == nil || r.Live.Subscribers == 0): // subscribers count events instead
		return fmt.Sprintf("only %d writes were acknowledged in %d rounds", r.Writes, r.Blows)
	case 2*r.Hits < r.Blows:
		return fmt.Sprintf("only %d of %d blows hit anything", r.Hits, r.Blows)
	case leftOver && 10*r.Carried < r.Blows:
		return fmt.Sprintf("only %d writes were left over by %d blows", r.Carried, r.Blows)
	}
	return ""
}

// shownViolations is how many are printed.
const shownViolations = 20

// Print writes a summary.
func (r *Report) Print(w io.Writer) {
	fmt.Fprintf(w, "%s: seed %d, %s\n", r.Name, r.Seed, r.Took.Round(time.Second))
	fmt.Fprintf(w, "  blows        %d, of which %d hit requests: %d under way\n", r.Blows, r.Hits, r.InFlight)
	fmt.Fprintf(w, "  acknowledged %d writes, %d refused, %d sent again\n", r.Writes, r.Refused, r.Resent)
	var each []string
	for _, name := range slices.Sorted(maps.Keys(r.Acknowledged)) {
		each = append(each, fmt.Sprintf("%s %d", name, r.Acknowledged[name]))
	}
	fmt.Fprintf(w, "               %s\n", strings.Join(each, ", "))
	fmt.Fprintf(w, "  left over    %d writes carried on or taken back, %d stopped by their fence\n", r.Carried, r.Fenced)
	fmt.Fprintf(w, "  ready        p50 %s, p99 %s\n", quantile(r.Startups, 0.5), quantile(r.Startups, 0.99))
	fmt.Fprintf(w, "  recovered    p50 %s, p99 %s (%d passes); all over %s after the end\n",
		quantile(r.Recovered, 0.5), quantile(r.Recovered, 0.99), len(r.Recovered), r.Settled.Round(time.Millisecond))
	if r.Live != nil && r.Live.Subscribers > 0 {
		r.Live.print(w)
	}
	fmt.Fprintf(w, "  violations   %d\n", len(r.Violations))
	for i, v := range r.Violations {
		if i == shownViolations {
			fmt.Fprintf(w, "    and %d more\n", len(r.Violations)-i)
			break
		}
		fmt.Fprintf(w, "    %s\n", v)
	}
}

func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(q*float64(len(sorted)-1))].Round(time.Millisecond)
}
