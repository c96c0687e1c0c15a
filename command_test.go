package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

func TestSchema(t *testing.T) {
	sdl, _, err := command(t, home(t), "", "schema")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := gqlparser.LoadSchema(&ast.Source{Name: "schema.graphql", Input: sdl})
	if err != nil {
		t.Fatalf("the SDL cannot be read: %v", err)
	}
	wants(t, "the SDL", sdl, "type Episode implements Node", `"""`, "directive @from", "@specifiedBy")
	if strings.Contains(sdl, "@defer") || schema.Mutation == nil {
		t.Error("the schema declares @defer, or has no mutations")
	}

	text, _, err := command(t, home(t), "", "schema", "--format", "json")
	if err != nil {
		t.Fatal(err)
	}
	var introspection struct {
		Schema struct {
			Types []struct {
				Name, Kind, Description string
				IsOneOf                 bool
				Fields                  []struct{ Name string }
			}
		} `json:"__schema"`
	}
	if err := json.Unmarshal([]byte(text), &introspection); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, typ := range introspection.Schema.Types {
		seen[typ.Name] = true
		if typ.Kind == "OBJECT" && len(typ.Fields) == 0 || typ.Description == "" {
			t.Errorf("%s has no fields or no description", typ.Name)
		}
	}
	for name, definition := range schema.Types {
		if !definition.BuiltIn && !seen[name] {
			t.Errorf("introspection lacks %s", name)
		}
	}

	text, _, err = command(t, home(t), "", "schema", "--format", "possible-types")
	if err != nil {
		t.Fatal(err)
	}
	var possible map[string][]string
	if err := json.Unmarshal([]byte(text), &possible); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(possible["Node"], "Episode") || !slices.IsSorted(possible["Node"]) {
		t.Errorf("members of Node: %v", possible["Node"])
	}
	if _, _, err := command(t, home(t), "", "schema", "--format", "xml"); err == nil || !strings.Contains(err.Error(), "possible-types") {
		t.Errorf("of an unknown format: %v", err)
	}
}

func TestVersion(t *testing.T) {
	out, _, err := command(t, home(t), "", "version")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the version", out, "thalamus ", runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	out, _, err = command(t, home(t), "", "version", "--json")
	var b build
	if err := errors.Join(err, json.Unmarshal([]byte(out), &b)); err != nil || b.Version == "" || b.Go != runtime.Version() || b.Arch != runtime.GOARCH {
		t.Errorf("%+v, %v", b, err)
	}
	if out, _, err = command(t, home(t), "", "--version"); err != nil || !strings.HasPrefix(out, "thalamus ") {
		t.Errorf("--version: %q, %v", out, err)
	}
}

func TestHelp(t *testing.T) {
	out, _, err := command(t, home(t), "")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the help", out, "thalamus demo", "--listen", "THALAMUS_LOG_LEVEL", "completion")
	for _, line := range strings.Split(out, "\n") {
		if len([]rune(line)) > 120 {
			t.Errorf("a line of %d characters: %s", len([]rune(line)), line)
		}
	}
	for _, cmd := range newCommand(nil).Commands() {
		out, _, err := command(t, home(t), "", cmd.Name(), "--help")
		if err != nil {
			t.Fatal(err)
		}
		wants(t, "the help of "+cmd.Name(), out, "Usage:", cmd.Name())
		if cmd.Short == "" || cmd.Name() != "completion" && cmd.Name() != "version" && (cmd.Example == "" || cmd.Long == "") {
			t.Errorf("%s lacks words or an example", cmd.Name())
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if out, _, err := command(t, home(t), "", "completion", shell); err != nil || !strings.Contains(out, "thalamus") {
			t.Errorf("completion for %s: %v", shell, err)
		}
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		args  []string
		wants []string
	}{
		{[]string{"sevre"}, []string{`no command "sevre"`, "did you mean serve?", "--help"}},
		{[]string{"frobnicate"}, []string{`no command "frobnicate"`, "--help"}},
		{[]string{"serve", "--lissten", "x"}, []string{"--lissten", "thalamus serve --help"}},
		{[]string{"serve", "now"}, []string{"now"}},
		{[]string{"serve", "--log-level", "loud", "--limits-timeout", "soon"}, []string{"--log-level", "--limits-timeout"}},
		{[]string{"serve", "--cache", "memcached:"}, []string{"memcached", "inprocess"}},
	} {
		out, errOut, err := command(t, append(home(t), "THALAMUS_DATA="+t.TempDir()), "", c.args...)
		if err == nil {
			t.Errorf("%v succeeds", c.args)
			continue
		}
		wants(t, strings.Join(c.args, " "), err.Error(), c.wants...)
		if out != "" || strings.Contains(errOut, "Usage") {
			t.Errorf("%v prints %q %q", c.args, out, errOut)
		}
	}
	if _, _, err := command(t, append(home(t), "THALAMUS_LISSTEN=x"), "", "export"); err == nil || !strings.Contains(err.Error(), "THALAMUS_LISTEN") {
		t.Errorf("of an unknown variable: %v", err)
	}
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
		text string
	}{
		{nil, 0, ""}, {errors.New("broken"), 1, "thalamus: broken\n"}, {exit(2), 2, ""},
		{errors.Join(errors.New("a"), errors.New("b")), 1, "thalamus: a\nthalamus: b\n"},
	} {
		var out bytes.Buffer
		if code := report(&out, c.err); code != c.code || out.String() != c.text {
			t.Errorf("%v: %d, %q", c.err, code, out.String())
		}
	}
}

// TestHelpIsForTerminals wants no Markdown in what commands say about themselves.
func TestHelpIsForTerminals(t *testing.T) {
	markdown := regexp.MustCompile("\\]\\(|`--|\\*\\*")
	for _, args := range [][]string{{"--help"}, {"help"}, {"help", "serve"}, {"serve", "--help"}, {"help", "doctor"}, {"help", "key"}, {"help", "reembed"}} {
		out, _, err := command(t, home(t), "", args...)
		if err != nil {
			t.Fatal(err)
		}
		if found := markdown.FindString(out); found != "" {
			t.Errorf("%v holds %s", args, found)
		}
		wants(t, strings.Join(args, " "), out, "on the page security.")
	}
}
