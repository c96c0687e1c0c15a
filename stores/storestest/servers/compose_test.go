package servers_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const composeFile = "../../../compose.yaml"

// service is what compose.yaml says of a service, as far as these tests look.
type service struct {
	Image       string
	Ports       []string
	Volumes     []string
	Build       map[string]string
	NetworkMode string            `yaml:"network_mode"`
	DependsOn   map[string]any    `yaml:"depends_on"`
	Environment map[string]string `yaml:"environment"`
	Healthcheck map[string]any
	Profiles    []string
}

func TestCompose(t *testing.T) {
	content, err := os.ReadFile(composeFile)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]service
		Volumes  map[string]any
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	exact := regexp.MustCompile(`:v?\d+\.\d+\.\d+(-[a-z]+)?$`)
	for name, s := range file.Services {
		if s.Image != "" && !exact.MatchString(s.Image) {
			t.Errorf("%s: the image %s is not pinned to a version", name, s.Image)
		}
		if s.Healthcheck["test"] == nil {
			t.Errorf("%s has no health check", name)
		}
		for _, port := range s.Ports {
			if !strings.HasPrefix(port, "127.0.0.1:") {
				t.Errorf("%s listens on %s, which is more than loopback", name, port)
			}
		}
		for _, volume := range s.Volumes {
			named, _, _ := strings.Cut(volume, ":")
			if _, ok := file.Volumes[named]; !ok {
				t.Errorf("%s: no volume is called %s", name, named)
			}
		}
	}
	for _, line := range strings.Split(file.Services["gateway"].Build["dockerfile_inline"], "\n") {
		if image, ok := strings.CutPrefix(line, "FROM "); ok && image != "scratch" {
			image, _, _ = strings.Cut(image, " AS ")
			if !exact.MatchString(image) {
				t.Errorf("the image of the gateway is built from %s, which is not pinned to a version", image)
			}
		}
	}
	gateway := file.Services["gateway"]
	if gateway.NetworkMode != "host" || !strings.HasPrefix(gateway.Environment["THALAMUS_LISTEN"], "127.0.0.1:") {
		t.Error("the gateway must share the host's loopback interface")
	}
	for _, name := range []string{"neo4j", "qdrant", "mysql", "redis"} {
		if gateway.DependsOn[name] == nil || len(file.Services[name].Profiles) > 0 {
			t.Errorf("docker compose up starts the gateway without %s", name)
		}
	}
}

// TestComposeConfig has Docker itself read the file, which takes no engine, where there is the plugin for it. Where there is
// none, TestCompose is all that can be done.
func TestComposeConfig(t *testing.T) {
	if exec.Command("docker", "compose", "version").Run() != nil {
		return
	}
	if out, err := exec.Command("docker", "compose", "--file", composeFile, "--profile", "mariadb", "config", "--quiet").CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
