package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build compiles the gateway into a directory, with build tags, and gives its path.
func Build(ctx context.Context, dir string, tags ...string) (string, error) {
	path := filepath.Join(dir, strings.Join(append([]string{"thalamus"}, tags...), "-"))
	out, err := exec.CommandContext(ctx, "go", "build", "-tags", strings.Join(tags, ","), "-o", path, "thalamus").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the gateway: %w\n%s", err, out)
	}
	return path, nil
}

// Embedded is the environment of a gateway that keeps everything in a directory.
func Embedded(dir string) []string {
	return []string{"THALAMUS_DATA=" + dir, "HOME=" + os.Getenv("HOME"), "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}
}
