package stores

import (
	"slices"
	"time"
)

// oneOf wants a value of a closed list.
func oneOf[E ~string](c *Check, path string, v E, all []E) {
	c.That(slices.Contains(all, v), path, "%q is not one of %v", clip(string(v), 60), all)
}

// setOr replaces the zero value.
func setOr[T comparable](p *T, fallback T) {
	var zero T
	if *p == zero {
		*p = fallback
	}
}

func setID(p *ID) {
	if *p == "" {
		*p = NewID()
	}
}

// setTime replaces the zero instant and brings any other to what stores keep.
func setTime(p *time.Time, fallback time.Time) {
	if p.IsZero() {
		*p = fallback
	}
	*p = p.UTC().Truncate(time.Microsecond)
}
