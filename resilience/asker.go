package resilience

import "thalamus/stores"

// asker is the scope that a call asks about. What a store answers is looked at once more before anybody sees it: a store that
// forgot its own condition, or was given a wrong one, must not show the records of another scope.
type asker struct {
	scope *stores.Scope // nil: nobody in particular, who may see everything
	tally *tally        // counts what is not the asker's
}

// owns says whether the asker may see something of an answer. What names no scope, such as a score, is anybody's.
func (a asker) owns(v any) bool {
	if a.scope == nil {
		return true
	}
	owner, known := ownerOf(v)
	if !known || owner == *a.scope {
		return true
	}
	a.tally.crossings++
	return false
}

// ownerOf is the scope that a record names.
func ownerOf(record any) (owner stores.Scope, known bool) {
	switch r := record.(type) {
	case stores.Node:
		return r.Owner(), true
	case *stores.EntityRecord:
		return r.Scope, true
	case *stores.Saga:
		return r.Scope, true
	case stores.Event:
		return r.Scope, true
	}
	return stores.Scope{}, false
}
