package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// file reads the configuration file, if there is one.
func (l *loader) file() {
	name, from := l.fileName()
	l.read = Setting{Key: keyConfig, Value: name, Source: cmp.Or(from, sourceDefault)}
	content, err := l.src.ReadFile(name)
	switch {
	case from == "" && errors.Is(err, fs.ErrNotExist):
		l.read.Value = ""
		return
	case err != nil && from == "":
		l.problem(name, "", "cannot read the configuration file: %s", reason(err))
		return
	case err != nil:
		l.problem(from, keyConfig, "cannot read %s: %s", name, reason(err))
		return
	}
	f := &file{loader: l, name: name, lines: map[string]int{}}
	f.read(content)
}

// fileName is the name of the file and who gave it; nobody gives the default one.
func (l *loader) fileName() (name, from string) {
	for _, k := range keys {
		if k.name != keyConfig {
			continue
		}
		name = k.fallback
		if text := l.env[k.env()]; text != "" {
			name, from = text, k.env()
		}
		if l.src.Flags == nil {
			return name, from
		}
		if f := l.src.Flags.Lookup(k.flag()); f != nil && f.Changed {
			name, from = f.Value.String(), "--"+k.flag()
		}
	}
	return name, from
}

// file is the configuration file on its way into the loader.
type file struct {
	*loader
	name  string
	lines map[string]int // where each key was found
}

// read walks the mappings of the file. Nesting and dots mean the same: {log: {level: debug}} is {log.level: debug}.
func (f *file) read(content []byte) {
	parsed, err := parser.ParseBytes(content, 0)
	if err != nil {
		f.syntax(err)
		return
	}
	for i, doc := range parsed.Docs {
		if i > 0 {
			f.problem(f.at(doc), "", "the file holds more than one document")
			return
		}
		f.node("", doc.Body)
	}
}

func (f *file) node(name string, n ast.Node) {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) == 0 && name != "" {
			f.value(name, n)
		}
		for _, pair := range n.Values {
			f.pair(name, pair)
		}
	case *ast.MappingValueNode:
		f.pair(name, n)
	case nil, *ast.CommentGroupNode:
	default:
		if name == "" {
			f.problem(f.at(n), "", "the file must hold keys and values, such as \"listen: 127.0.0.1:8080\"")
			return
		}
		f.value(name, n)
	}
}

func (f *file) pair(prefix string, pair *ast.MappingValueNode) {
	name := pair.Key.GetToken().Value
	if prefix != "" {
		name = prefix + "." + name
	}
	f.node(name, pair.Value)
}

func (f *file) value(name string, n ast.Node) {
	at := f.at(n)
	k, ok := fileKey(name)
	if !ok {
		f.unknown(at, name)
		return
	}
	if line, twice := f.lines[name]; twice {
		f.problem(at, name, "it is given in line %d already", line)
		return
	}
	f.lines[name] = n.GetToken().Position.Line
	text, err := scalar(k, n)
	if err != nil {
		f.problem(at, name, "%s", err)
		return
	}
	f.set(k, text, origin{fromFile, at})
}

func (f *file) unknown(at, name string) {
	inSection := func(k key) bool { return inFile(k) && strings.HasPrefix(k.name, name+".") }
	if under := names(inSection, key.path); len(under) > 0 {
		f.problem(at, "", "%q takes no value of its own; below it belong %s", name, strings.Join(under, ", "))
		return
	}
	f.problem(at, "", "the key %q is unknown; %s", name, suggest(name, names(inFile, key.path)))
}

func inFile(k key) bool { return !k.noFile }

func fileKey(name string) (key, bool) {
	for _, k := range keys {
		if k.name == name && inFile(k) {
			return k, true
		}
	}
	return key{}, false
}

// scalar is the text of a plain value; a list becomes its items with commas between.
func scalar(k key, n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return strings.TrimSuffix(n.Value.Value, "\n"), nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		return n.GetToken().Value, nil
	case *ast.NullNode:
		return "", errors.New("has no value: give one, or remove the line")
	case *ast.SequenceNode:
		if k.kind != kindList {
			return "", errors.New("must be one value, not a list")
		}
		items := make([]string, 0, len(n.Values))
		for _, item := range n.Values {
			text, err := scalar(key{}, item)
			if err != nil {
				return "", err
			}
			items = append(items, text)
		}
		return strings.Join(items, ","), nil
	}
	return "", errors.New("must be a plain value, without anchors, aliases and tags")
}

func (f *file) at(n ast.Node) string {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return fmt.Sprintf("%s:%d", f.name, t.Position.Line)
	}
	return f.name
}

// syntax tells what the parser found without the excerpt it would show, which may hold a secret.
func (f *file) syntax(err error) {
	var told interface {
		error
		GetMessage() string
		GetToken() *token.Token
	}
	if !errors.As(err, &told) || told.GetToken() == nil {
		f.problem(f.name, "", "this is not YAML")
		return
	}
	at := fmt.Sprintf("%s:%d", f.name, told.GetToken().Position.Line)
	f.problem(at, "", "this is not YAML: %s", told.GetMessage())
}
