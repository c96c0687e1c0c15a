package limits

import (
	"fmt"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/lexer"
	"github.com/vektah/gqlparser/v2/parser"
)

// Measure is what a document costs those who parse and validate it. Where fragments multiply, so do the figures.
type Measure struct {
	Bytes  int
	Tokens int
	// Operations, Fragments and Variables are definitions.
	Operations, Fragments, Variables int
	// Depth is that of fields and inline fragments, or of the values of an argument, whichever is deeper.
	Depth int
	// Aliases and Directives are counted with every fragment in place of its spreads.
	Aliases, Directives int
	// Selections are counted like these, in the operations and again in each fragment: so many steps a walk through all of
	// them takes.
	Selections int
	// RootFields are those of the operation that has most.
	RootFields int
	// Pairs are those of fields that answer under one name at one place, which validation compares with each other.
	Pairs int
}

// ceiling is where figures stop growing. A sum of several thousand of them still fits an int.
const ceiling = 1 << 40

func plus(a, b int) int { return min(a+b, ceiling) }

// times is a product of two figures that are not negative.
func times(a, b int) int {
	if a != 0 && b > ceiling/a {
		return ceiling
	}
	return a * b
}

// Measure takes the measure of a document step by step: a step is taken only when those before it found nothing over its
// limit, since they are what bounds its own cost. A document that does not parse is left to those who say why.
func (l Limits) Measure(text string) (Measure, *gqlerror.Error) {
	m := Measure{Bytes: len(text)}
	if err := l.within(m); err != nil {
		return m, err
	}
	m.Tokens = tokens(text)
	if err := l.within(m); err != nil {
		return m, err
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		return m, nil //nolint:nilerr // gqlgen parses it again, and reports what is wrong
	}
	m.define(doc)
	if err := l.within(m); err != nil {
		return m, err
	}
	if circle := m.expand(doc); circle != nil {
		return m, coded(errcode.ValidationFailed, fmt.Sprintf("The fragment %q spreads itself.", circle.Name))
	}
	if err := l.within(m); err != nil {
		return m, err
	}
	m.pair(doc)
	return m, l.within(m)
}

// tokens counts the tokens up to the first mistake.
func tokens(text string) (n int) {
	lex := lexer.New(&ast.Source{Input: text})
	for {
		token, err := lex.ReadToken()
		if err != nil || token.Kind == lexer.EOF {
			return n
		}
		n++
	}
}

// define counts the definitions.
func (m *Measure) define(doc *ast.QueryDocument) {
	m.Operations, m.Fragments = len(doc.Operations), len(doc.Fragments)
	for _, op := range doc.Operations {
		m.Variables += len(op.VariableDefinitions)
	}
}

// expand counts what stands in the operations, and in the fragments that none of them spreads. It returns a fragment that
// spreads itself, if there is one.
func (m *Measure) expand(doc *ast.QueryDocument) (circle *ast.FragmentDefinition) {
	x := expansion{fragments: byName(doc), sizes: map[*ast.FragmentDefinition]*extent{}}
	var total extent
	for _, op := range doc.Operations {
		e := x.of(op.SelectionSet)
		m.RootFields = max(m.RootFields, e.roots)
		total.add(e)
		total.directives = plus(total.directives, len(op.Directives))
		for _, v := range op.VariableDefinitions {
			total.directives = plus(total.directives, len(v.Directives))
			total.depth = max(total.depth, nesting(v.DefaultValue))
		}
	}
	m.Selections = total.selections
	for _, f := range doc.Fragments {
		spread := x.sizes[f] != nil
		e := x.fragment(f)
		if !spread {
			total.add(*e)
		}
		m.Selections = plus(m.Selections, e.selections)
	}
	m.Depth, m.Aliases, m.Directives = total.depth, total.aliases, total.directives
	return x.circle
}

// byName lists the fragments; of several with one name the first counts, as for those who validate.
func byName(doc *ast.QueryDocument) map[string]*ast.FragmentDefinition {
	out := make(map[string]*ast.FragmentDefinition, len(doc.Fragments))
	for _, f := range doc.Fragments {
		if out[f.Name] == nil {
			out[f.Name] = f
		}
	}
	return out
}

// extent is what a selection set comes to.
type extent struct{ depth, selections, aliases, directives, roots int }

// add joins an extent beside.
func (e *extent) add(other extent) {
	e.depth = max(e.depth, other.depth)
	e.selections = plus(e.selections, other.selections)
	e.aliases = plus(e.aliases, other.aliases)
	e.directives = plus(e.directives, other.directives)
	e.roots = plus(e.roots, other.roots)
}

// expansion reckons each fragment once.
type expansion struct {
	fragments map[string]*ast.FragmentDefinition
	sizes     map[*ast.FragmentDefinition]*extent // nil while it is being reckoned
	circle    *ast.FragmentDefinition
}

func (x *expansion) of(set ast.SelectionSet) (total extent) {
	for _, s := range set {
		var e extent
		switch s := s.(type) {
		case *ast.Field:
			e = x.of(s.SelectionSet)
			e.depth, e.roots = e.depth+1, 1
			e.directives += len(s.Directives)
			e.depth = max(e.depth, deepest(s.Arguments))
			if s.Alias != s.Name {
				e.aliases++
			}
			for _, d := range s.Directives {
				e.depth = max(e.depth, deepest(d.Arguments))
			}
		case *ast.InlineFragment:
			e = x.of(s.SelectionSet)
			e.depth++
			e.directives += len(s.Directives)
		case *ast.FragmentSpread:
			if f := x.fragments[s.Name]; f != nil {
				e = *x.fragment(f)
			}
			e.directives += len(s.Directives)
		}
		e.selections++
		total.add(e)
	}
	return total
}

func (x *expansion) fragment(f *ast.FragmentDefinition) *extent {
	e, begun := x.sizes[f]
	switch {
	case e != nil:
		return e
	case begun:
		x.circle = f
		return &extent{}
	}
	x.sizes[f] = nil
	sum := x.of(f.SelectionSet)
	sum.directives = plus(sum.directives, len(f.Directives))
	x.sizes[f] = &sum
	return &sum
}

// deepest is the depth of the deepest argument.
func deepest(arguments ast.ArgumentList) (depth int) {
	for _, a := range arguments {
		depth = max(depth, nesting(a.Value))
	}
	return depth
}

// nesting is how deep lists and objects are nested in a value; the parser bounds it.
func nesting(v *ast.Value) (depth int) {
	if v == nil || v.Kind != ast.ListValue && v.Kind != ast.ObjectValue {
		return 0
	}
	for _, child := range v.Children {
		depth = max(depth, nesting(child.Value))
	}
	return depth + 1
}

// pair counts pairs in the operations, and in each fragment by itself, which validation looks at, too. It walks through
// all selections, which are known to be few.
func (m *Measure) pair(doc *ast.QueryDocument) {
	p := pairing{fragments: byName(doc)}
	for _, op := range doc.Operations {
		m.Pairs = plus(m.Pairs, p.of([]ast.SelectionSet{op.SelectionSet}))
	}
	for _, f := range doc.Fragments {
		m.Pairs = plus(m.Pairs, p.of([]ast.SelectionSet{f.SelectionSet}))
	}
}

type pairing struct {
	fragments map[string]*ast.FragmentDefinition
}

// of counts the pairs in selection sets that are answered at one place, and beneath.
func (p pairing) of(sets []ast.SelectionSet) (total int) {
	fields := map[string][]ast.SelectionSet{}
	var names []string
	spread := map[string]bool{}
	for _, set := range sets {
		p.collect(set, spread, func(f *ast.Field) {
			if _, ok := fields[f.Alias]; !ok {
				names = append(names, f.Alias)
			}
			fields[f.Alias] = append(fields[f.Alias], f.SelectionSet)
		})
	}
	for _, name := range names {
		same := fields[name]
		total = plus(total, times(len(same), len(same)-1)/2)
		if len(same) > 1 || len(same[0]) > 0 {
			total = plus(total, p.of(same))
		}
	}
	return total
}

// collect gives the fields of a selection set, those of each fragment once.
func (p pairing) collect(set ast.SelectionSet, spread map[string]bool, give func(*ast.Field)) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			give(s)
		case *ast.InlineFragment:
			p.collect(s.SelectionSet, spread, give)
		case *ast.FragmentSpread:
			if f := p.fragments[s.Name]; f != nil && !spread[s.Name] {
				spread[s.Name] = true
				p.collect(f.SelectionSet, spread, give)
			}
		}
	}
}
