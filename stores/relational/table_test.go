package relational_test

import (
	"testing"

	"thalamus/stores"
	"thalamus/stores/flat"
)

// TestEveryFieldHasAColumn keeps specs and layouts in step: a field without a column could be asked for and not compiled.
func TestEveryFieldHasAColumn(t *testing.T) {
	inStep(t, flat.Episodes)
	inStep(t, flat.Entities)
	inStep(t, flat.EntityRecords)
	inStep(t, flat.Procedures)
	inStep(t, flat.Relationships)
	inStep(t, flat.Profiles)
	inStep(t, flat.Todos)
}

func inStep[T any](t *testing.T, layout flat.Layout[T]) {
	t.Helper()
	columns := map[stores.Field]bool{}
	for _, c := range layout.Columns {
		columns[c.Field] = true
		if c.Field != "" && layout.Spec.Fields[c.Field] == 0 {
			t.Errorf("column %s of %s is no field of the noun", c.Name, layout.Spec.Kind)
		}
	}
	for f := range layout.Spec.Fields {
		if !columns[f] {
			t.Errorf("field %s of %s has no column", f, layout.Spec.Kind)
		}
	}
}
