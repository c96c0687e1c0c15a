package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// find gives the path of a program, which a package of Debian has. When it is missing, root installs that package; anybody
// else is told to.
func find(ctx context.Context, name, from string) (string, error) {
	if path := lookUp(name); path != "" {
		return path, nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "", fmt.Errorf("%s is not installed", name)
	}
	if os.Getuid() != 0 {
		return "", fmt.Errorf("%s is not installed; root gets it by: apt-get install %s", name, from)
	}
	held, err := waitForLock(ctx, "apt")
	if err != nil {
		return "", err
	}
	defer held.release()
	if path := lookUp(name); path != "" {
		return path, nil
	}
	if _, err := run(ctx, "", "apt-get", "update", "-q"); err != nil {
		return "", err
	}
	// Packages must not start servers of their own; systemctl and invoke-rc.d see to that when told so.
	if _, err := run(ctx, "", "env", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_OFFLINE=1", "RUNLEVEL=1",
		"apt-get", "install", "-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", from); err != nil {
		return "", err
	}
	if path := lookUp(name); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("the package %s is installed and has no %s", from, name)
}

// lookUp finds a program on the PATH, or where distributions put servers although the PATH of a user does not lead there.
func lookUp(name string) string {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	return ""
}

// unpack gets a package of Debian unstable, with everything it depends on, and unpacks all of that into dir/root. The
// system and its lists of packages stay as they are: apt-get is given directories of its own.
func unpack(ctx context.Context, dir, name string) error {
	mirror, err := debianMirror(ctx)
	if err != nil {
		return err
	}
	for _, sub := range []string{"lists/partial", "archives/partial", "root"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return err
		}
	}
	files := map[string]string{
		"status":       "", // of what is installed: nothing is, so everything is got
		"sources.list": "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " + mirror + " unstable main\n",
		"apt.conf":     fmt.Sprintf(ownDirectories, dir),
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	apt := []string{"env", "APT_CONFIG=" + filepath.Join(dir, "apt.conf"), "apt-get", "-q", "-y"}
	if _, err := run(ctx, "", append(apt, "update")...); err != nil {
		return err
	}
	if _, err := run(ctx, "", append(apt, "install", "--download-only", "--no-install-recommends", name)...); err != nil {
		return err
	}
	archives, err := filepath.Glob(filepath.Join(dir, "archives", "*.deb"))
	if err != nil {
		return err
	}
	for _, archive := range archives {
		if _, err := run(ctx, "", "dpkg-deb", "-x", archive, filepath.Join(dir, "root")); err != nil {
			return err
		}
	}
	return errors.Join(os.RemoveAll(filepath.Join(dir, "archives")), os.RemoveAll(filepath.Join(dir, "lists")))
}

// ownDirectories has apt-get read and write in one directory only, and run none of the system's hooks.
const ownDirectories = `
Dir::Etc::sourcelist "%[1]s/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "%[1]s/lists";
Dir::State::status "%[1]s/status";
Dir::Cache "%[1]s";
Debug::NoLocking "true";
APT::Sandbox::User "";
#clear APT::Update;
#clear DPkg;
`

// debianMirror is where this machine gets Debian from.
func debianMirror(ctx context.Context) (string, error) {
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "", errors.New("this is not Debian")
	}
	sources, err := run(ctx, "", "apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN)/$(LABEL)", "Created-By: Packages")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(sources)) {
		if uri, from, ok := strings.Cut(strings.TrimSpace(line), " "); ok && from == "Debian/Debian" {
			return uri, nil
		}
	}
	return "", errors.New("apt-get names no mirror of Debian; apt-get update may help")
}
