package recall

import (
	"slices"
	"time"

	"thalamus/stores"
)

// filter is the condition on the payload of a kind's points.
func (w Where) filter(kind stores.Kind) stores.Filter {
	switch kind {
	case stores.KindEpisode:
		return stores.All(equal("sessionId", w.SessionID), from(w.Since), before(w.Until), oneOf("outcome", w.Outcomes))
	case stores.KindEntity:
		open := stores.Filter{Op: stores.Or, Terms: []stores.Filter{
			stores.Where("validTo", stores.IsNull, true), stores.Where("validTo", stores.Gt, w.ValidAt),
		}}
		return stores.All(stores.Where("validFrom", stores.Lte, w.ValidAt), open, oneOf("type", w.EntityTypes))
	case stores.KindProcedure:
		return stores.All(stores.Where("deprecated", stores.Eq, false), oneOf("domain", w.Domains))
	case stores.KindTodo:
		return oneOf("status", w.Statuses)
	}
	return stores.Filter{}
}

// holds says the same of a node, for candidates that did not come from a filtered search.
func (w Where) holds(n stores.Node) bool {
	switch n := n.(type) {
	case *stores.Episode:
		return (w.SessionID == "" || n.SessionID == w.SessionID) &&
			(w.Since.IsZero() || !n.Timestamp.Before(w.Since)) &&
			(w.Until.IsZero() || n.Timestamp.Before(w.Until)) &&
			among(n.Outcome, w.Outcomes)
	case *stores.Entity:
		return n.ValidAt(w.ValidAt) && among(n.Type, w.EntityTypes)
	case *stores.Procedure:
		return !n.Deprecated && among(n.Domain, w.Domains)
	case *stores.Todo:
		return among(n.Status, w.Statuses)
	}
	return false
}

func equal(f stores.Field, v string) stores.Filter {
	if v == "" {
		return stores.Filter{}
	}
	return stores.Where(f, stores.Eq, v)
}

func from(t time.Time) stores.Filter {
	if t.IsZero() {
		return stores.Filter{}
	}
	return stores.Where("timestamp", stores.Gte, t)
}

func before(t time.Time) stores.Filter {
	if t.IsZero() {
		return stores.Filter{}
	}
	return stores.Where("timestamp", stores.Lt, t)
}

func oneOf[E ~string](f stores.Field, list []E) stores.Filter {
	if list == nil {
		return stores.Filter{}
	}
	values := make([]any, len(list))
	for i, v := range list {
		values[i] = string(v)
	}
	return stores.Where(f, stores.In, values)
}

func among[E comparable](v E, list []E) bool { return list == nil || slices.Contains(list, v) }
