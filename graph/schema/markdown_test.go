package schema_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

const introduction = `# Schema

Everything the endpoint understands, generated from graph/schema. The playground shows the same with search; ` + "`thalamus schema`" + `
prints it as SDL.

- A type ends in ` + "`!`" + ` when it is never null. What another store than its parent's answers can be null, and names the role of that store.
- Some fields are for a [role](security.md#roles) of the caller. Other mutations need the role WRITER, other queries READER.
- Every list that pages is a connection: ` + "`first`" + ` with ` + "`after`" + ` goes forwards, ` + "`last`" + ` with ` + "`before`" + ` backwards, at most 200 at once.
- Every mutation takes one ` + "`input`" + ` and answers with the changed node and with ` + "`problems`" + `; see [errors](errors.md).
`

// page is Markdown being written.
type page struct{ strings.Builder }

func (p *page) chapter(title string, doc *ast.SchemaDocument) {
	fmt.Fprintf(p, "\n## %s\n", title)
	for _, root := range []string{"Query", "Mutation"} {
		for _, def := range slices.Concat(doc.Definitions, doc.Extensions) {
			if def.Name == root && len(def.Fields) > 0 {
				p.root(def)
			}
		}
	}
	for _, def := range doc.Definitions {
		if def.Name != "Query" && def.Name != "Mutation" {
			p.definition(def)
		}
	}
	for _, d := range doc.Directives {
		fmt.Fprintf(p, "\n### @%s\n\n%s\n", d.Name, oneLine(d.Description))
	}
}

// root writes the queries or the mutations of a chapter.
func (p *page) root(def *ast.Definition) {
	fmt.Fprintf(p, "\n### %s\n", map[string]string{"Query": "Queries", "Mutation": "Mutations"}[def.Name])
	p.fields(def.Fields)
}

func (p *page) definition(def *ast.Definition) {
	fmt.Fprintf(p, "\n### %s\n\n%s: %s\n", def.Name, kind(def), oneLine(def.Description))
	switch def.Kind {
	case ast.Enum:
		p.WriteString("\n| Value | Meaning |\n|---|---|\n")
		for _, v := range def.EnumValues {
			fmt.Fprintf(p, "| `%s` | %s |\n", v.Name, oneLine(v.Description))
		}
	case ast.Object, ast.Interface, ast.InputObject:
		p.fields(def.Fields)
	}
}

func (p *page) fields(fields ast.FieldList) {
	p.WriteString("\n| Field | Type | Meaning |\n|---|---|---|\n")
	for _, f := range fields {
		name := f.Name
		if f.DefaultValue != nil {
			name += " = " + f.DefaultValue.String()
		}
		meaning := oneLine(f.Description)
		if role := from(f.Directives); role != "" {
			meaning += " From " + role + "."
		}
		if needed := roleIn(f.Directives, "access"); needed != "" {
			meaning += " For the role " + needed + "."
		}
		for _, a := range f.Arguments {
			meaning += fmt.Sprintf("<br>· `%s` (%s): %s", a.Name, argument(a), oneLine(a.Description))
		}
		fmt.Fprintf(p, "| `%s` | %s | %s |\n", name, typeOf(f.Type), meaning)
	}
}

// argument is the type of an argument with its default.
func argument(a *ast.ArgumentDefinition) string {
	if a.DefaultValue == nil {
		return typeOf(a.Type)
	}
	return typeOf(a.Type) + " = " + a.DefaultValue.String()
}

// kind says what sort of type it is, and what else is to know about the whole of it.
func kind(def *ast.Definition) string {
	words := map[ast.DefinitionKind]string{
		ast.Object: "Type", ast.Interface: "Interface", ast.InputObject: "Input", ast.Enum: "Enum", ast.Scalar: "Scalar", ast.Union: "Union",
	}[def.Kind]
	if def.Directives.ForName("oneOf") != nil {
		words += " of which exactly one field is given"
	}
	if len(def.Interfaces) > 0 {
		words += ", a " + strings.Join(def.Interfaces, ", a ")
	}
	if role := from(def.Directives); role != "" {
		words += ", from " + role
	}
	return words
}

// from is the role of the store that answers.
func from(d ast.DirectiveList) string { return roleIn(d, "from") }

// roleIn is the role that a directive names, or nothing.
func roleIn(d ast.DirectiveList, directive string) string {
	if found := d.ForName(directive); found != nil {
		return found.Arguments.ForName("role").Value.Raw
	}
	return ""
}

// typeOf links to the type unless it is built in.
func typeOf(t *ast.Type) string {
	name := t.Name()
	if slices.Contains([]string{"ID", "String", "Int", "Float", "Boolean"}, name) {
		return t.String()
	}
	linked := fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	text := strings.Replace(t.String(), name, linked, 1)
	return strings.NewReplacer("[["+name, `\[[`+name).Replace(text)
}

// oneLine makes a description fit into a cell.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}
