import java.nio.file.Path;
import java.util.Map;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/** Runs Neo4j Community as a server until it is killed. Arguments: home directory, neo4j.conf, password of the user neo4j. */
public class Launcher {
    public static void main(String[] args) {
        try {
            var service = new DatabaseManagementServiceBuilder(Path.of(args[0]))
                    .loadPropertiesFromFile(Path.of(args[1]))
                    .build();
            service.database("system").executeTransactionally(
                    "CREATE OR REPLACE USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED", Map.of("password", args[2]));
            Thread.currentThread().join();
        } catch (Throwable t) {
            t.printStackTrace();
            System.exit(1); // threads of the server would keep the process alive
        }
    }
}
