package saga

import (
	"encoding/json"
	"maps"
	"slices"

	"thalamus/stores"
)

// created is the event of a new node.
func created(n stores.Versioned) stores.Event {
	return stores.Event{Type: stores.NodeCreated, Node: n.Ref(), Version: n.Revision()}
}

// updated is the event of a changed node.
func updated(n stores.Versioned, fields []stores.Field) stores.Event {
	return stores.Event{Type: stores.NodeUpdated, Node: n.Ref(), Version: n.Revision(), Fields: fields}
}

// forgotten is the event of a node that is gone.
func forgotten(r stores.Ref) stores.Event { return stores.Event{Type: stores.NodeForgotten, Node: r} }

// announced are the states that a saga is told to have come into. That it is on its way is none of them.
var announced = []stores.SagaState{stores.SagaQueued, stores.SagaCommitted, stores.SagaCompensating, stores.SagaCompensated, stores.SagaStuck}

// moved is the event of a saga that has come into another state; nil when that is not told.
func moved(saga *stores.Saga) []stores.Event {
	if !slices.Contains(announced, saga.State) {
		return nil
	}
	return []stores.Event{{Type: stores.SagaMoved, Node: saga.Ref(), State: saga.State, Version: saga.Fence}}
}

// happened completes the events of a saga.
func happened(events []stores.Event, saga *stores.Saga) []stores.Event {
	out := slices.Clone(events)
	for i := range out {
		out[i].Scope, out[i].Saga, out[i].At = saga.Scope, saga.ID, stores.Now()
	}
	return out
}

// differing names the fields of two JSON objects whose values are not the same.
func differing(before, after []byte) ([]stores.Field, error) {
	var x, y map[string]json.RawMessage
	if err := json.Unmarshal(before, &x); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(after, &y); err != nil {
		return nil, err
	}
	all := map[stores.Field]bool{}
	for _, of := range []map[string]json.RawMessage{x, y} {
		for f := range of {
			if string(x[f]) != string(y[f]) {
				all[stores.Field(f)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}
