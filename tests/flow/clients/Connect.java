import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.util.Properties;

/** Connects to each URL with pgjdbc: java -cp driver.jar Connect.java QUERY PASSWORD-OF-THE-P12 URL... */
public class Connect {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("password", System.getenv("PGPASSWORD"));
        properties.setProperty("sslpassword", arguments[1]);
        for (int place = 2; place < arguments.length; place++) {
            try (Connection connection = DriverManager.getConnection(arguments[place], properties);
                    ResultSet row = connection.createStatement().executeQuery(arguments[0])) {
                row.next();
                System.out.println(row.getString(1));
            }
        }
    }
}
