package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// locateQdrant finds Qdrant. Where there is none it takes a stand-in: a small server on top of the engine and the gRPC
// services that the vendor's client for Python ships. See stores/qdrant/testserver.
func locateQdrant(ctx context.Context, lasting bool) (program, error) {
	url := func(port int) string { return "qdrant://" + address(port) }
	if server := lookUp("qdrant"); server != "" {
		return program{source: server, url: url,
			command: func(string, int) []string { return []string{server, "--disable-telemetry"} },
			environment: func(dir string, port int) []string {
				return []string{
					"QDRANT__SERVICE__HOST=127.0.0.1",
					"QDRANT__SERVICE__GRPC_PORT=" + strconv.Itoa(port),
					"QDRANT__SERVICE__HTTP_PORT=" + strconv.Itoa(port+10000), // nobody asks there
					"QDRANT__STORAGE__STORAGE_PATH=" + filepath.Join(dir, "data"),
					"QDRANT__STORAGE__SNAPSHOTS_PATH=" + filepath.Join(dir, "snapshots"),
				}
			}}, nil
	}
	source, err := inModule("stores", "qdrant", "testserver")
	if err != nil {
		return program{}, err
	}
	requirements, err := os.ReadFile(filepath.Join(source, "requirements.txt"))
	if err != nil {
		return program{}, err
	}
	python, err := find(ctx, "python3", "python3-venv")
	if err != nil {
		return program{}, err
	}
	venv, err := cached(ctx, "qdrant-"+fingerprint(python, string(requirements)), func(ctx context.Context, dir string) error {
		if _, err := run(ctx, "", python, "-m", "venv", dir); err != nil {
			return err
		}
		_, err := run(ctx, "", filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
			"-r", filepath.Join(source, "requirements.txt"))
		return err
	})
	if err != nil {
		return program{}, err
	}
	return program{source: "stand-in on the vendor's engine for Python, PyPI qdrant-client", url: url,
		command: func(dir string, port int) []string {
			command := []string{filepath.Join(venv, "bin", "python"), filepath.Join(source, "server.py"), "--port", strconv.Itoa(port)}
			if lasting {
				command = append(command, "--data", filepath.Join(dir, "data"))
			}
			return command
		}}, nil
}

// inModule is the path of something in this module, which the working directory must be in.
func inModule(path ...string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		candidate := filepath.Join(append([]string{dir}, path...)...)
		if _, err := os.Stat(candidate); err == nil {
			return candidate, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("there is no %s in or above the working directory", filepath.Join(path...))
		}
		dir = parent
	}
}
