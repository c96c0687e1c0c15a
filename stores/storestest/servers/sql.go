package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// locateMariaDB finds MariaDB, or gets it from Debian.
func locateMariaDB(ctx context.Context) (program, error) {
	server, err := find(ctx, "mariadbd", "mariadb-server-core")
	if err != nil {
		return program{}, err
	}
	install, err := find(ctx, "mariadb-install-db", "mariadb-server-core")
	if err != nil {
		return program{}, err
	}
	return sqlServer(server, []string{server}, func(ctx context.Context, dir string) error {
		_, err := run(ctx, dir, append([]string{install, "--no-defaults", "--datadir=" + filepath.Join(dir, "data"),
			"--auth-root-authentication-method=normal", "--skip-test-db"}, asRoot()...)...)
		return err
	}), nil
}

// locateMySQL finds MySQL, or gets it from Debian unstable, which is the only release that has it.
func locateMySQL(ctx context.Context) (program, error) {
	if server := lookUp("mysqld"); server != "" {
		if version, err := run(ctx, "", server, "--version"); err == nil && !strings.Contains(string(version), "MariaDB") {
			return mySQL(server, []string{server}), nil
		}
	}
	home, err := cached(ctx, "mysql", func(ctx context.Context, dir string) error { return unpack(ctx, dir, "mysql-server-core") })
	if err != nil {
		return program{}, err
	}
	root := filepath.Join(home, "root")
	libraries, err := filepath.Glob(filepath.Join(root, "usr", "lib", "*-linux-gnu"))
	if err != nil || len(libraries) != 1 {
		return program{}, errors.Join(err, fmt.Errorf("no libraries of %s in %s", runtime.GOARCH, root))
	}
	loader, err := filepath.Glob(filepath.Join(libraries[0], "ld-linux*.so.*"))
	if err != nil || len(loader) != 1 {
		return program{}, errors.Join(err, fmt.Errorf("no loader in %s", libraries[0]))
	}
	// The libraries are newer than this machine's, so that they need their own loader.
	return mySQL("Debian unstable, mysql-server-core", []string{loader[0], "--library-path", libraries[0],
		filepath.Join(root, "usr", "sbin", "mysqld"), "--no-defaults", "--lc-messages-dir=" + filepath.Join(root, "usr", "share", "mysql")}), nil
}

func mySQL(source string, server []string) program {
	if len(server) == 1 {
		server = append(server, "--no-defaults")
	}
	server = append(server, "--mysqlx=OFF", "--secure-file-priv=NULL")
	return sqlServer(source, server, func(ctx context.Context, dir string) error {
		initialize := append(append([]string{}, server...), "--initialize-insecure", "--datadir="+filepath.Join(dir, "data"))
		_, err := run(ctx, dir, append(initialize, asRoot()...)...)
		return err
	})
}

// sqlServer is what MariaDB and MySQL have in common.
func sqlServer(source string, server []string, initialize func(ctx context.Context, dir string) error) program {
	return program{
		source: source,
		create: func(ctx context.Context, dir string, _ int) error {
			// The server runs this at every start, one statement a line.
			grants := fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %s;\nCREATE USER IF NOT EXISTS '%s'@'%%' IDENTIFIED BY '%s';\n"+
				"GRANT ALL ON *.* TO '%[2]s'@'%%' WITH GRANT OPTION;\n", database, user, password)
			if err := os.WriteFile(filepath.Join(dir, "grants.sql"), []byte(grants), 0o600); err != nil {
				return err
			}
			return initialize(ctx, dir)
		},
		command: func(dir string, port int) []string {
			command := append([]string{}, server...)
			if len(command) == 1 {
				command = append(command, "--no-defaults")
			}
			command = append(command, "--datadir="+filepath.Join(dir, "data"), "--bind-address=127.0.0.1", "--port="+strconv.Itoa(port),
				"--socket="+filepath.Join(dir, "socket"), "--pid-file="+filepath.Join(dir, "pid"),
				"--init-file="+filepath.Join(dir, "grants.sql"),
				// What is committed outlives the server, if not the machine; commits do not wait for the disk.
				"--innodb-flush-log-at-trx-commit=2", "--skip-log-bin")
			return append(command, asRoot()...)
		},
		url: func(port int) string {
			return fmt.Sprintf("mysql://%s:%s@%s/%s", user, password, address(port), database)
		},
	}
}

// asRoot lets root run a server that would rather not.
func asRoot() []string {
	if os.Getuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}
