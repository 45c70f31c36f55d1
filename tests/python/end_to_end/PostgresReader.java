// What a JDBC client sees of a database, as lines of tab-separated text; run by test_postgres_clients.py.

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

public class PostgresReader {
    // url, user, query of figures, statement that must be refused
    public static void main(String[] given) throws SQLException {
        try (Connection connection = DriverManager.getConnection(given[0], given[1], "")) {
            DatabaseMetaData browser = connection.getMetaData();
            print("table", browser.getTables(null, "marts", "%", new String[] {"TABLE"}), "TABLE_NAME", "REMARKS");
            print("column", browser.getColumns(null, "marts", "kpi_values", "%"), "COLUMN_NAME", "TYPE_NAME", "REMARKS");
            print("key", browser.getPrimaryKeys(null, "marts", "fct_contacts"), "COLUMN_NAME");
            print("reference", browser.getImportedKeys(null, "marts", "fct_contacts"), "FKCOLUMN_NAME", "PKTABLE_NAME");
            try (Statement statement = connection.createStatement()) {
                print("figure", statement.executeQuery(given[2]), "kpi_id", "numerator", "denominator", "row_count");
                statement.executeUpdate(given[3]);
                System.out.println("written");
            } catch (SQLException refusal) {
                System.out.println("refused\t" + refusal.getSQLState());
            }
        }
    }

    private static void print(String what, ResultSet rows, String... columns) throws SQLException {
        while (rows.next()) {
            StringBuilder line = new StringBuilder(what);
            for (String column : columns) {
                String value = rows.getString(column);
                line.append('\t').append(value == null ? "" : value.replace('\n', ' '));
            }
            System.out.println(line);
        }
    }
}
