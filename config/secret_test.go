package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	goyaml "github.com/goccy/go-yaml"

	"thalamus/config"
)

var update = flag.Bool("update", false, "write docs/configuration.md anew")

// TestSecretsStaySecret prints a configuration in every way there is.
func TestSecretsStaySecret(t *testing.T) {
	c := must(t, given{env: []string{
		"THALAMUS_EMBEDDER_KEY=hunter2", "THALAMUS_GRAPH=neo4j://neo:hunter2@db:7687",
		"THALAMUS_EMBEDDER=openai+https://api.example.com/v1?api_key=hunter2&model=m", "THALAMUS_RECORDS=mysql:root:hunter2@tcp(db)/x",
	}})
	if c.EmbedderKey != "hunter2" || string(c.Graph) != "neo4j://neo:hunter2@db:7687" {
		t.Fatal("the values themselves are lost")
	}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T %v"} {
		if verb == "%T %v" {
			fmt.Fprintf(&out, verb, c, c)
		} else {
			fmt.Fprintf(&out, verb+"\n", *c)
		}
		fmt.Fprintf(&out, verb[len(verb)-2:]+"\n", c.EmbedderKey)
	}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
		slog.New(h).Info("config", "key", c.EmbedderKey, "graph", c.Graph, "all", *c)
	}
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, goyaml.Marshal} {
		b, err := marshal(*c)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	fmt.Fprint(&out, c.Effective())
	if text := out.String(); strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
		t.Errorf("a secret is shown:\n%s", text)
	}
	if text := out.String(); !strings.Contains(text, "db:7687") || !strings.Contains(text, "model=m") || !strings.Contains(text, "[redacted]") {
		t.Errorf("more than the secrets is hidden:\n%s", text)
	}
}

func TestURLsWithoutSecretsStayAsTheyAre(t *testing.T) {
	for _, u := range []config.URL{"", "sqlite:", "sqlite:/var/lib/x.db?mode=ro&cache=a%20b", "redis://localhost:6379/0", "neo4j://neo@db", "redis+sentinel://a:26379,b:26379/main/0"} {
		if u.String() != string(u) {
			t.Errorf("%s is shown as %s", string(u), u)
		}
	}
}

func TestURLsOfServersHideTheirSecrets(t *testing.T) {
	for u, want := range map[config.URL]string{
		"qdrant://hunter2@db:6334?prefix=x_":                    "qdrant://xxxxx@db:6334?prefix=x_",
		"qdrants://hunter2@db":                                  "qdrants://xxxxx@db",
		"redis+sentinel://u:hunter2@a:26379,b:26379/main/0?p=1": "redis+sentinel://u:xxxxx@a:26379,b:26379/main/0?p=1",
		"redis+cluster://:hunter2@a:6379,b:6379":                "redis+cluster://:xxxxx@a:6379,b:6379",
		"mysql://u:hunter2@db:3306/x?tls=true":                  "mysql://u:xxxxx@db:3306/x?tls=true",
	} {
		if u.String() != want {
			t.Errorf("shown as %s, want %s", u, want)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	files := map[string]string{"/run/key": "  from the file\r\n", "/run/empty": "\n", "thalamus.yaml": "embedder.key: from yaml\n"}
	for name, tc := range map[string]struct {
		given
		want config.Secret
		err  string
	}{
		"variable":               {given: given{env: []string{"THALAMUS_EMBEDDER_KEY=direct"}}, want: "direct"},
		"variable over yaml":     {given: given{files: files, env: []string{"THALAMUS_EMBEDDER_KEY=direct"}}, want: "direct"},
		"file over yaml":         {given: given{files: files, env: []string{"THALAMUS_EMBEDDER_KEY_FILE=/run/key"}}, want: "from the file"},
		"flag over variable":     {given: given{files: files, env: []string{"THALAMUS_EMBEDDER_KEY=direct"}, args: []string{"--embedder-key-file=/run/key"}}, want: "from the file"},
		"variable over its file": {given: given{files: map[string]string{"thalamus.yaml": "embedder.keyFile: /run/key"}, env: []string{"THALAMUS_EMBEDDER_KEY=direct"}}, want: "direct"},
		"both in one source":     {given: given{files: files, env: []string{"THALAMUS_EMBEDDER_KEY=x", "THALAMUS_EMBEDDER_KEY_FILE=/run/key"}}, err: "THALAMUS_EMBEDDER_KEY_FILE: embedder.key is given too (THALAMUS_EMBEDDER_KEY): keep one of them"},
		"missing file":           {given: given{env: []string{"THALAMUS_EMBEDDER_KEY_FILE=/run/none"}}, err: "THALAMUS_EMBEDDER_KEY_FILE: cannot read /run/none: file does not exist"},
		"empty file":             {given: given{files: files, env: []string{"THALAMUS_EMBEDDER_KEY_FILE=/run/empty"}}, err: "THALAMUS_EMBEDDER_KEY_FILE: /run/empty is empty"},
	} {
		c, err := load(t, tc.given)
		if tc.err != "" {
			if err == nil || err.Error() != tc.err {
				t.Errorf("%s: error = %v, want %s", name, err, tc.err)
			}
			continue
		}
		if err != nil || c.EmbedderKey != tc.want {
			t.Errorf("%s: key = %q, %v; want %q", name, string(c.EmbedderKey), err, string(tc.want))
		}
	}
}

func TestEffective(t *testing.T) {
	c := must(t, given{
		files: map[string]string{"thalamus.yaml": "\nlog:\n  level: debug\nembedder.keyFile: /run/key\n", "/run/key": "hunter2"},
		env:   []string{"THALAMUS_LIMITS_BODY=2048"}, args: []string{"--metrics=off"},
	})
	got := map[string]config.Setting{}
	for _, s := range c.Effective() {
		got[s.Key] = s
	}
	for _, want := range []config.Setting{
		{Key: "listen", Value: "127.0.0.1:8080", Source: "default"},
		{Key: "log.level", Value: "debug", Source: "thalamus.yaml:3"},
		{Key: "limits.body", Value: "2KiB", Source: "THALAMUS_LIMITS_BODY"},
		{Key: "metrics", Value: "off", Source: "--metrics"},
		{Key: "embedder.key", Value: "[redacted]", Source: "thalamus.yaml:4"},
		{Key: "data", Value: "/home/ada/.local/share/thalamus", Source: "default"},
		{Key: "config", Value: "thalamus.yaml", Source: "default"},
	} {
		if got[want.Key] != want {
			t.Errorf("%+v, want %+v", got[want.Key], want)
		}
	}
	for _, s := range must(t, given{}).Effective() {
		if s.Source != "default" || s.Key == "config" && s.Value != "" {
			t.Errorf("of nothing: %+v", s)
		}
	}
}
