package servers

import (
	"context"
	_ "embed" // the recipe
	"fmt"
	"os"
	"path/filepath"
)

var (
	//go:embed neo4j/pom.xml
	neo4jPOM string
	//go:embed neo4j/Launcher.java
	neo4jLauncher string
)

// The configuration of a small server. It does not lock out those who give a wrong password, since tests do.
const neo4jConf = `server.bolt.enabled=true
server.bolt.listen_address=%[1]s
server.bolt.advertised_address=%[1]s
dbms.security.auth_enabled=true
dbms.security.auth_max_failed_attempts=0
dbms.usage_report.enabled=false
db.tx_log.preallocate=false
server.memory.pagecache.size=128m
`

// locateNeo4j gets Neo4j Community as Java libraries from Maven and compiles a launcher for them: there is no package of
// the whole server.
func locateNeo4j(ctx context.Context) (program, error) {
	var tools []string
	for _, tool := range [][2]string{{"javac", "default-jdk-headless"}, {"java", "default-jdk-headless"}, {"mvn", "maven"}} {
		path, err := find(ctx, tool[0], tool[1])
		if err != nil {
			return program{}, err
		}
		tools = append(tools, path)
	}
	javac, java, mvn := tools[0], tools[1], tools[2]
	home, err := cached(ctx, "neo4j-"+fingerprint(neo4jPOM, neo4jLauncher), func(ctx context.Context, dir string) error {
		pom, launcher := filepath.Join(dir, "pom.xml"), filepath.Join(dir, "Launcher.java")
		if err := os.WriteFile(pom, []byte(neo4jPOM), 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(launcher, []byte(neo4jLauncher), 0o600); err != nil {
			return err
		}
		if _, err := run(ctx, dir, mvn, "-B", "-q", "package"); err != nil {
			return err
		}
		_, err := run(ctx, dir, javac, "-cp", "lib/*", "-d", ".", launcher)
		return err
	})
	if err != nil {
		return program{}, err
	}
	return program{
		source: "Maven org.neo4j:neo4j",
		create: func(_ context.Context, dir string, port int) error {
			return os.WriteFile(filepath.Join(dir, "neo4j.conf"), fmt.Appendf(nil, neo4jConf, address(port)), 0o600)
		},
		command: func(dir string, _ int) []string {
			return []string{java, "-Xmx512m", "-XX:+UseSerialGC", "-cp", home + ":" + home + "/lib/*", "Launcher",
				filepath.Join(dir, "data"), filepath.Join(dir, "neo4j.conf"), password}
		},
		url: func(port int) string { return fmt.Sprintf("neo4j://neo4j:%s@%s/neo4j", password, address(port)) },
	}, nil
}
