package stores

import "math"

// Check refuses a search that cannot be asked, whatever the engine can do, and brings its filter to normal form.
func (s Search) Check() (Search, error) {
	ways := 0
	for _, given := range []bool{len(s.Vector) > 0 || s.Text != "", s.Like != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return s, Invalid("search", "needs one of vector, like and text, or vector and text together")
	case s.Limit < 1 || s.Limit > MaxHits:
		return s, Invalid("limit", "must be between 1 and %d", MaxHits)
	case math.IsNaN(s.Threshold) || s.Threshold < 0 || !s.byWordsOnly() && s.Threshold > 1:
		return s, Invalid("threshold", "must be between 0 and 1")
	case !finite(s.Vector):
		return s, Invalid("vector", "must hold finite numbers only")
	}
	var err error
	s.Where, err = PointSpec.Check(s.Where)
	return s, err
}

// Hybrid says that the search ranks both by meaning and by words.
func (s Search) Hybrid() bool { return len(s.Vector) > 0 && s.Text != "" }

func (s Search) byWordsOnly() bool { return s.Text != "" && !s.Hybrid() }

// Check refuses a point without an id or without a usable vector. What its payload may hold is left to the engine that
// writes it down.
func (p Point) Check() error {
	if p.ID == "" {
		return Invalid("id", "a point needs an id")
	}
	return CheckVector(p.Vector)
}

// CheckVector refuses a vector that is empty, or that holds an infinity or a NaN.
func CheckVector(v []float32) error {
	switch {
	case len(v) == 0:
		return Invalid("vector", "a point needs a vector")
	case !finite(v):
		return Invalid("vector", "must hold finite numbers only")
	}
	return nil
}

// CheckDimension refuses a vector of another length than that of the stored ones, which another embedder made.
func (m Model) CheckDimension(v []float32) error {
	if len(v) == m.Dimension {
		return nil
	}
	return Invalid("vector", "has %d numbers where the stored vectors have %d; use the embedder that made those, "+
		"or embed everything again", len(v), m.Dimension)
}

func finite(v []float32) bool {
	for _, x := range v {
		if x-x != 0 { // Inf-Inf and NaN-NaN are NaN
			return false
		}
	}
	return true
}
