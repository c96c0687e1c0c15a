package graph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// withRoles adds to the description of each type and field the store that answers it and the role that a caller needs,
// because introspection shows descriptions and no directives.
func withRoles(s *ast.Schema) *ast.Schema {
	out := *s
	out.Types = make(map[string]*ast.Definition, len(s.Types))
	for name, def := range s.Types {
		d := *def
		d.Description = described(def.Description, def.Directives)
		d.Fields = slices.Clone(def.Fields)
		for i, f := range def.Fields {
			field := *f
			field.Description = described(f.Description, f.Directives)
			d.Fields[i] = &field
		}
		out.Types[name] = &d
	}
	for _, root := range []**ast.Definition{&out.Query, &out.Mutation, &out.Subscription} {
		if *root != nil {
			*root = out.Types[(*root).Name]
		}
	}
	out.PossibleTypes, out.Implements = relinked(s.PossibleTypes, out.Types), relinked(s.Implements, out.Types)
	return &out
}

// relinked points lists of types at their new definitions.
func relinked(lists map[string][]*ast.Definition, types map[string]*ast.Definition) map[string][]*ast.Definition {
	out := make(map[string][]*ast.Definition, len(lists))
	for name, list := range lists {
		for _, d := range list {
			out[name] = append(out[name], types[d.Name])
		}
	}
	return out
}

func described(text string, directives ast.DirectiveList) string {
	if from := directives.ForName("from"); from != nil {
		text += fmt.Sprintf(" Answered by the %s store.", strings.ToLower(roleOf(from)))
	}
	if needed := directives.ForName("access"); needed != nil {
		text += fmt.Sprintf(" Needs the role %s.", roleOf(needed))
	}
	return text
}

func roleOf(d *ast.Directive) string { return d.Arguments.ForName("role").Value.Raw }
