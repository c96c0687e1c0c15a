package resilience_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// TestMethodsForwardToTheirNamesakes reads the decorators: methods of equal signature, such as Strengthen and Weaken,
// are told apart by nothing else.
func TestMethodsForwardToTheirNamesakes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	forwarded := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil {
				continue
			}
			for _, called := range callsOfNext(method) {
				forwarded++
				if called != method.Name.Name {
					t.Errorf("%s: %s forwards to %s", name, method.Name.Name, called)
				}
			}
		}
	}
	if forwarded < 60 {
		t.Errorf("only %d methods forward", forwarded)
	}
}

// callsOfNext lists the X of every d.next.X in a method.
func callsOfNext(method *ast.FuncDecl) (names []string) {
	ast.Inspect(method.Body, func(n ast.Node) bool {
		if outer, ok := n.(*ast.SelectorExpr); ok {
			if inner, ok := outer.X.(*ast.SelectorExpr); ok && inner.Sel.Name == "next" {
				names = append(names, outer.Sel.Name)
			}
		}
		return true
	})
	return names
}
