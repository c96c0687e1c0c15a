package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"thalamus/examples"
)

// sample is the sample memory as a file.
func sample(t *testing.T) string {
	t.Helper()
	text, err := io.ReadAll(examples.Memory())
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "memory.jsonl", string(text))
}

func TestImportAndExport(t *testing.T) {
	file, one, two := sample(t), filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	out, errOut, err := command(t, home(t), "", "import", file, "--data", one, "--dry-run")
	if err != nil {
		t.Fatal(err, errOut)
	}
	wants(t, "the rehearsal", out, "448 lines checked, nothing was changed")
	if _, err := os.Stat(one); !os.IsNotExist(err) {
		t.Error("a rehearsal made the data directory")
	}
	out, errOut, err = command(t, home(t), "", "import", file, "--data", one)
	if err != nil {
		t.Fatal(err, errOut)
	}
	wants(t, "the summary", out, "written  unchanged", "Profile       8        0", "Episode       200      0", "Relationship  150      0", "448 lines imported in", "0 bad")
	out, _, err = command(t, home(t), "", "import", file, "--data", one)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the second summary", out, "Episode       0        200")

	exported := filepath.Join(t.TempDir(), "exported.jsonl")
	out, errOut, err = command(t, home(t), "", "export", exported, "--data", one)
	if err != nil {
		t.Fatal(err, errOut)
	}
	wants(t, "the summary", out, "448 nouns written to "+exported, "Episode")
	first, err := os.ReadFile(exported)
	if err != nil {
		t.Fatal(err)
	}
	if _, errOut, err := command(t, home(t), string(first), "import", "-", "--data", two); err != nil {
		t.Fatal(err, errOut)
	}
	second, _, err := command(t, home(t), "", "export", "--data", two)
	if err != nil {
		t.Fatal(err)
	}
	if second != string(first) {
		t.Errorf("export, import and export again differ: %d and %d bytes", len(first), len(second))
	}
	if files, err := filepath.Glob(filepath.Join(filepath.Dir(exported), "*")); err != nil || len(files) != 1 {
		t.Errorf("files: %v, %v", files, err)
	}
}

func TestExportOfSomeScopes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, errOut, err := command(t, home(t), "", "import", sample(t), "--data", dir); err != nil {
		t.Fatal(err, errOut)
	}
	noor, _, err := command(t, home(t), "", "export", "--data", dir, "--user", "noor")
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the export", noor, "Noor Haddad studies")
	if lines := strings.Split(strings.TrimSpace(noor), "\n"); len(lines) < 2 || strings.Contains(noor, "Jonah Petrel writes Go") {
		t.Errorf("%d lines:\n%s", len(lines), noor)
	}
	for _, line := range strings.Split(strings.TrimSpace(noor), "\n")[1:] {
		wants(t, "a line", line, `"user":"noor"`)
	}
	name := filepath.Join(t.TempDir(), "nobody.jsonl")
	if _, _, err := command(t, home(t), "", "export", name, "--data", dir, "--user", "nobody"); err == nil || !strings.Contains(err.Error(), "no memory belongs") {
		t.Errorf("of nobody: %v", err)
	}
	if files, _ := os.ReadDir(filepath.Dir(name)); len(files) > 0 {
		t.Errorf("a failed export leaves %v", files)
	}
}

func TestImportPassesOverBadLines(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	file := write(t, "mixed.jsonl", strings.Join([]string{
		`{"kind":"Todo","content":"good"}`, `nonsense`, `{"kind":"Todo","content":""}`, `{"kind":"Todo","content":"good, too"}`,
	}, "\n"))
	out, errOut, err := command(t, home(t), "", "import", file, "--data", dir, "--user", "ann", "--agent", "a1")
	if err == nil || !strings.Contains(err.Error(), "2 of 4 lines") || report(io.Discard, err) != 1 {
		t.Errorf("error: %v", err)
	}
	wants(t, "the error output", errOut, file+":2: ", file+":3: ")
	wants(t, "the summary", out, "Todo  2        0", "2 of 4 lines imported in", "2 bad")
	written, _, err := command(t, home(t), "", "export", "--data", dir)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "what was written", written, `"user":"ann"`, `"agent":"a1"`, `"device":"default"`, "good, too")
}

func TestTransferNeedsTheDirectory(t *testing.T) {
	dir := t.TempDir()
	s := serving(t, home(t), "serve", "--data", dir)
	for _, args := range [][]string{{"import", sample(t)}, {"export"}, {"reembed"}} {
		_, _, err := command(t, home(t), "", append(args, "--data", dir)...)
		if err == nil || !strings.Contains(err.Error(), "stop that one first") || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", args[0], err)
		}
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestTransferArguments(t *testing.T) {
	for want, args := range map[string][]string{
		"name one file":      {"import"},
		"no such file":       {"import", "missing.jsonl"},
		"accepts at most 1":  {"export", "a", "b"},
		"unknown flag: --by": {"import", "a", "--by", "x"},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		out, errOut, err := command(t, home(t), "", append(args, "--data", dir)...)
		if err == nil || !strings.Contains(err.Error(), want) || out+errOut != "" {
			t.Errorf("%v: %v, output %q %q", args, err, out, errOut)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%v made a data directory", args)
		}
	}
}

// Commands that read a memory make none where its directory is misspelt.
func TestMemoryThatIsNotThere(t *testing.T) {
	empty := t.TempDir()
	for dir, why := range map[string]string{filepath.Join(t.TempDir(), "typo"): "there is no such directory", empty: "holds no thalamus.db"} {
		file := filepath.Join(t.TempDir(), "all.jsonl")
		for _, args := range [][]string{{"export"}, {"export", file}, {"reembed"}} {
			out, _, err := command(t, home(t), "", append(args, "--data", dir)...)
			if err == nil || out != "" {
				t.Fatalf("%v: %v, output %q", args, err, out)
			}
			wants(t, "the error", err.Error(), dir, why, "--data")
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 || dir != empty && exists(dir) || exists(file) {
			t.Errorf("%s: something was made: %v", dir, left)
		}
	}
}

func TestWordsOfTransfers(t *testing.T) {
	dir := filled(t)
	out, _, err := command(t, home(t), `{"kind":"Todo","content":"one"}`, "import", "-", "--data", dir)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the summary", out, "1 line imported in", ", 0 bad")
	_, errOut, err := command(t, home(t), "nonsense", "import", "-", "--data", dir)
	if err == nil {
		t.Fatal("nonsense is imported")
	}
	wants(t, "the error", err.Error(), "-: 1 of 1 line was not taken; the reason stands above")
	wants(t, "the error output", errOut, "-:1: is not JSON")
	folder, nowhere := t.TempDir(), filepath.Join(t.TempDir(), "none", "x.jsonl")
	for want, args := range map[string][]string{
		folder + " is a directory; name a file":                   {"import", folder},
		nowhere + " cannot be written: no such file or directory": {"export", nowhere},
		filepath.Dir(folder) + " cannot be written: file exists":  {"export", filepath.Dir(folder)},
	} {
		if _, _, err := command(t, home(t), "", append(args, "--data", dir)...); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", args, err, want)
		}
	}
}
