package flat

import (
	"time"

	"thalamus/stores"
)

// Sagas lays out sagas without their plans.
var Sagas = Layout[stores.Saga]{
	Spec: stores.SagaSpec,
	Head: func(s *stores.Saga) Head { return Head{ID: &s.ID, Scope: &s.Scope} },
	Columns: []Column[stores.Saga]{
		text("id", "id", func(s *stores.Saga) *stores.ID { return &s.ID }),
		text("operation", "operation", func(s *stores.Saga) *string { return &s.Operation }),
		text("state", "state", func(s *stores.Saga) *stores.SagaState { return &s.State }),
		text("on_down", "", func(s *stores.Saga) *stores.OnDown { return &s.OnDown }),
		object("steps", "", func(s *stores.Saga) *[]stores.SagaStep { return &s.Steps }),
		object("nodes", "", func(s *stores.Saga) *[]stores.Ref { return &s.Nodes }),
		object("receipts", "", func(s *stores.Saga) *[]stores.Receipt { return &s.Receipts }),
		optionalText("problem", "", func(s *stores.Saga) *string { return &s.Problem }),
		list("claims", "", func(s *stores.Saga) *[]string { return &s.Claims }),
		integer("attempts", "attempts", func(s *stores.Saga) *int { return &s.Attempts }),
		instant("not_before", "", func(s *stores.Saga) *time.Time { return &s.NotBefore }),
		optionalText("owner", "", func(s *stores.Saga) *string { return &s.Owner }),
		integer("fence", "", func(s *stores.Saga) *int { return &s.Fence }),
		instant("created_at", "createdAt", func(s *stores.Saga) *time.Time { return &s.CreatedAt }),
		instant("updated_at", "updatedAt", func(s *stores.Saga) *time.Time { return &s.UpdatedAt }),
	},
}
