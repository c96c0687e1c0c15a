package main

import (
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// examine runs doctor and gives its findings by check.
func examine(t *testing.T, environ []string, args ...string) (d diagnosis, byCheck map[string]finding) {
	t.Helper()
	out, _, err := command(t, environ, "", append([]string{"doctor", "--json"}, args...)...)
	if e := json.Unmarshal([]byte(out), &d); e != nil {
		t.Fatalf("%v: %s", e, out)
	}
	var code exit
	if errors.As(err, &code); code != verdictCodes[d.Verdict] {
		t.Errorf("exit code %d for %s", code, d.Verdict)
	}
	byCheck = map[string]finding{}
	for _, f := range d.Findings {
		byCheck[f.Check] = f
		if (f.Fix == "") != (f.Verdict == good) {
			t.Errorf("%+v: a fix belongs to what is not in order, and to that only", f)
		}
	}
	return d, byCheck
}

const (
	checkConfig    = "configuration"
	checkListen    = "listen address"
	checkDirectory = "data directory"
	checkDatabase  = "sqlite (graph, records, vectors)"
	checkEmbedder  = "embedder and vectors"
)

// anyPort is a listen address that is free.
var anyPort = []string{"--listen", "127.0.0.1:0"}

func TestDoctorOfNothing(t *testing.T) {
	environ := home(t)
	d, found := examine(t, environ, anyPort...)
	if d.Verdict != good || !strings.Contains(found[checkDirectory].Detail, "does not exist yet") {
		t.Errorf("%+v", d)
	}
	if files, _ := os.ReadDir(strings.TrimPrefix(environ[0], "HOME=")); len(files) > 0 {
		t.Errorf("doctor made %v", files)
	}
}

func TestDoctorOfMemory(t *testing.T) {
	dir := filled(t)
	d, found := examine(t, home(t), append(anyPort, "--data", dir)...)
	if d.Verdict != good {
		t.Errorf("%+v", d)
	}
	wants(t, "the finding", found[checkDatabase].Detail, "SQLite 3.", "schema version ", "answers in ")
	wants(t, "the finding", found[checkEmbedder].Detail, "hashing-v1", "made the stored vectors")
	for _, check := range []string{"inprocess (cache)", "hashing (embedder)", "clock", checkListen} {
		if found[check].Verdict != good {
			t.Errorf("%s: %+v", check, found[check])
		}
	}
	out, _, err := command(t, home(t), "", append([]string{"doctor", "--data", dir}, anyPort...)...)
	if err != nil {
		t.Fatal(err)
	}
	wants(t, "the table", out, "SETTING", "--data", "OK  data directory", "Everything is in order.")
}

func TestDoctorBesideAGateway(t *testing.T) {
	dir := t.TempDir()
	s := serving(t, home(t), "serve", "--data", dir)
	address := strings.TrimPrefix(s.URL, "http://")
	d, found := examine(t, home(t), "--data", dir, "--listen", address)
	if d.Verdict != good {
		t.Errorf("%+v", d)
	}
	wants(t, "the finding", found[checkListen].Detail, "the gateway of this data directory is serving at "+s.URL)
	wants(t, "the finding", found[checkEmbedder].Detail, "were not looked at")
	wants(t, "the finding", found[checkDatabase].Detail, "in use by the gateway")
	for what, other := range map[string]string{"a memory": filled(t), "nothing": t.TempDir()} {
		_, found = examine(t, home(t), "--data", other, "--listen", address)
		if f := found[checkListen]; f.Verdict != failure || !strings.Contains(f.Detail, "of another data directory") {
			t.Errorf("a directory with %s, and the gateway of another one: %+v", what, f)
		}
	}
	if _, found = examine(t, home(t), "--data", dir, "--listen", "127.0.0.1:0"); found[checkDatabase].Verdict != warning {
		t.Errorf("held by a gateway elsewhere: %+v", found[checkDatabase])
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestDoctorFindsFailures(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(func() { _ = taken.Close(); other.Close() })
	go func() { // somebody who is not a gateway
		for c, err := taken.Accept(); err == nil; c, err = taken.Accept() {
			_ = c.Close()
		}
	}()
	file, newer, elsewhere, damaged := write(t, "file", ""), filled(t), filled(t), t.TempDir()
	age(t, newer, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
	age(t, elsewhere, "UPDATE embedding_model SET name = 'another'")
	if err := os.WriteFile(filepath.Join(damaged, "thalamus.db"), []byte(strings.Repeat("no database", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		args       []string
		check, fix string
	}{
		"an unknown key":     {[]string{"--config", write(t, "thalamus.yaml", "lisen: x\nlog:\n  level: loud\n")}, checkConfig, ""},
		"a missing file":     {[]string{"--config", "/nowhere/thalamus.yaml"}, checkConfig, ""},
		"a taken port":       {[]string{"--listen", taken.Addr().String()}, checkListen, "--listen"},
		"another server":     {[]string{"--listen", strings.TrimPrefix(other.URL, "http://")}, checkListen, "--listen"},
		"every interface":    {[]string{"--listen", ":8080"}, checkListen, "127.0.0.1"},
		"a file for a data":  {[]string{"--data", file}, checkDirectory, "--data"},
		"no parent":          {[]string{"--data", filepath.Join(t.TempDir(), "a", "b")}, checkDirectory, "create "},
		"a newer directory":  {[]string{"--data", newer}, checkDatabase, "newer Thalamus"},
		"a damaged database": {[]string{"--data", damaged}, checkDatabase, "backup"},
		"another embedder":   {[]string{"--data", elsewhere}, checkEmbedder, "thalamus reembed"},
		"an unknown backend": {[]string{"--cache", "memcached://x"}, "memcached (cache)", "correct its URL"},
		"a path for SQLite":  {[]string{"--graph", "sqlite:x"}, "sqlite (graph)", "correct its URL"},
		"a silent embedder":  {[]string{"--embedder", "openai+http://" + taken.Addr().String() + "/v1?model=m"}, "openai+http (embedder)", "start it"},
	} {
		args := c.args
		if !strings.Contains(strings.Join(args, " "), "--listen") {
			args = append(args, anyPort...)
		}
		d, found := examine(t, home(t), args...)
		if f := found[c.check]; d.Verdict != failure || f.Verdict != failure || !strings.Contains(f.Fix, c.fix) {
			t.Errorf("%s: %s, %+v\nall: %+v", what, d.Verdict, f, d.Findings)
		}
		if f := found[checkEmbedder]; what == "a damaged database" && f.Verdict != warning {
			t.Errorf("%s: %+v", what, f)
		}
	}
}

func TestMissingVectorsAreTold(t *testing.T) {
	dir := filled(t)
	age(t, dir, "DELETE FROM embedding_model")
	d, found := examine(t, home(t), append(anyPort, "--data", dir)...)
	if f := found[checkEmbedder]; d.Verdict != warning || f.Verdict != warning || !strings.Contains(f.Fix, "thalamus reembed") {
		t.Errorf("%+v", d.Findings)
	}
	s := serving(t, home(t), "serve", "--data", dir)
	s.log.await(t, "run `thalamus reembed`")
	if err := s.end(); err != nil {
		t.Error(err)
	}
	s = serving(t, home(t), "serve", "--data", t.TempDir())
	s.log.await(t, "no authentication")
	if strings.Contains(s.log.String(), "reembed") {
		t.Errorf("an empty memory misses vectors:\n%s", s.log)
	}
}

func TestHalvesOfTwoMemoriesAreTold(t *testing.T) {
	dir := filled(t)
	if _, errOut, err := command(t, home(t), `{"kind":"Entity","name":"Kettle","type":"TOOL","content":"It whistles."}`, "import", "-", "--data", dir); err != nil {
		t.Fatal(err, errOut)
	}
	if d, _ := examine(t, home(t), append(anyPort, "--data", dir)...); d.Verdict != good {
		t.Errorf("one memory: %+v", d.Findings)
	}
	age(t, dir, "DELETE FROM entity_records")
	if _, found := examine(t, home(t), append(anyPort, "--data", dir)...); found["graph and records"].Verdict != warning {
		t.Errorf("halves of two: %+v", found)
	}
}

func TestSecretThatNothingTakesIsTold(t *testing.T) {
	environ := append(home(t), "THALAMUS_RECORDS_PASSWORD=hush")
	d, _ := examine(t, environ, anyPort...)
	if d.Verdict != warning || !slices.ContainsFunc(d.Findings, func(f finding) bool {
		return f.Check == "sqlite (records)" && strings.Contains(f.Fix, "--records")
	}) {
		t.Errorf("%+v", d.Findings)
	}
	s := serving(t, environ, "serve", "--data", t.TempDir())
	s.log.await(t, "a secret is configured that nothing takes")
}

func TestDoctorHidesSecrets(t *testing.T) {
	environ := append(home(t), "THALAMUS_EMBEDDER_KEY=hush-hush", "THALAMUS_OTLP_ENDPOINT=http://me:hush-hush@localhost:1")
	for _, args := range [][]string{{"doctor"}, {"doctor", "--json"}} {
		out, errOut, _ := command(t, environ, "", append(args, anyPort...)...)
		wants(t, "the settings", out, "THALAMUS_EMBEDDER_KEY", "[redacted]")
		if strings.Contains(out+errOut, "hush") {
			t.Errorf("%v tells a secret:\n%s%s", args, out, errOut)
		}
	}
}

func TestDoctorOnPermissions(t *testing.T) {
	if os.Getuid() == 0 {
		return // root may write everywhere, so there is nothing to find
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil { //nolint:gosec // a directory is entered by its x
		t.Fatal(err)
	}
	_, found := examine(t, home(t), append(anyPort, "--data", dir)...)
	if f := found[checkDirectory]; f.Verdict != failure || !strings.Contains(f.Fix, "permissions") {
		t.Errorf("%+v", f)
	}
}

// Two gateways as processes of their own: each is told from the other.
func TestDoctorTellsGatewaysApart(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	url, _, _ := process(t, home(t), "serve", "--data", one, "--listen", "127.0.0.1:0")
	_, _, _ = process(t, home(t), "serve", "--data", two, "--listen", "127.0.0.1:0")
	address := strings.TrimPrefix(url, "http://")
	if d, _ := examine(t, home(t), "--data", one, "--listen", address); d.Verdict != good {
		t.Errorf("its own: %+v", d.Findings)
	}
	if _, err := os.Stat("/proc/locks"); err != nil {
		t.Skip("this system does not tell who holds a lock")
	}
	if _, found := examine(t, home(t), "--data", two, "--listen", address); found[checkListen].Verdict != failure {
		t.Errorf("another's: %+v", found[checkListen])
	}
}
