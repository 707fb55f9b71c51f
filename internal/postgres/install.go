package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	compatibilitySchema = "sqlite"
	// compatibilityVersion is the number of the compatibility schema that this
	// program makes and expects. It goes up when one of the scripts changes.
	compatibilityVersion = 2
	minServerVersion     = 150000
	// installLock is the advisory lock that installing takes.
	installLock = 4_021_160_271
)

//go:embed compatibility/*.sql
var compatibility embed.FS

// install makes the schema ready, once, whoever comes first.
func (d *Database) install(ctx context.Context, connection *pgconn.PgConn, schema string) error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.installed[schema] {
		return nil
	}
	version, ready, err := installed(ctx, connection, schema)
	if err == nil && d.config.RuntimeParams[readOnlyParameter] != "" {
		switch {
		case version == 0 || version == compatibilityVersion && !ready:
			return fmt.Errorf("the database %s holds nothing of Carebase", d)
		case version < compatibilityVersion:
			return fmt.Errorf("an older version of this program made the database %s: start this version on it first", d)
		}
	}
	if err == nil && !ready {
		err = installOnce(ctx, connection, schema)
	}
	if err != nil {
		return fmt.Errorf("the database %s cannot be prepared: %w", d, err)
	}
	if err := d.readCatalog(ctx, connection); err != nil {
		return err
	}
	d.installed[schema] = true
	return nil
}

func checkServer(connection *pgconn.PgConn) error {
	version := connection.ParameterStatus("server_version")
	major, _, _ := strings.Cut(version, ".")
	number, err := strconv.Atoi(strings.TrimRight(strings.Fields(major + " ")[0], "abcdefghijklmnopqrstuvwxyz"))
	if err == nil && number*10000 < minServerVersion {
		return fmt.Errorf("PostgreSQL is version %s: 15 or later is needed", version)
	}
	return nil
}

// installed is the version of the compatibility schema, 0 if there is none, and
// whether nothing is left to do for a schema. It fails if a newer version of the
// program made it.
func installed(ctx context.Context, connection *pgconn.PgConn, schema string) (version int, ready bool, err error) {
	// Not to_regclass: it may not see yet what was committed while this waited.
	rows, err := readAll(ctx, connection, "SELECT count(*) FILTER (WHERE n.nspname = 'sqlite' AND c.relname = 'version') > 0, (SELECT count(*) > 0 FROM pg_catalog.pg_namespace WHERE nspname = "+literal(schema)+
		") FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace")
	if err != nil || rows[0][0] != "t" {
		return 0, false, err
	}
	numbers, err := readAll(ctx, connection, "SELECT number FROM sqlite.version")
	if err != nil {
		return 0, false, err
	}
	if len(numbers) != 1 {
		return 0, false, errors.New(`its schema "sqlite" is not of this program's making`)
	}
	version, err = strconv.Atoi(numbers[0][0])
	if err != nil || version > compatibilityVersion {
		return 0, false, errors.New("a newer version of this program made it")
	}
	return version, version == compatibilityVersion && rows[0][1] == "t", nil
}

// installOnce installs while no other process does.
func installOnce(ctx context.Context, connection *pgconn.PgConn, schema string) error {
	begin := fmt.Sprintf("BEGIN; SET LOCAL lock_timeout = '1min'; SELECT pg_catalog.pg_advisory_xact_lock(%d)", installLock)
	if _, err := readAll(ctx, connection, begin); err != nil {
		return err
	}
	err := installSchemas(ctx, connection, schema)
	end := "COMMIT"
	if err != nil {
		end = "ROLLBACK"
	}
	_, endErr := readAll(ctx, connection, end)
	return errors.Join(err, endErr)
}

func installSchemas(ctx context.Context, connection *pgconn.PgConn, schema string) error {
	version, _, err := installed(ctx, connection, schema)
	if err != nil {
		return err
	}
	statements := []string{"CREATE SCHEMA IF NOT EXISTS " + quote(schema)}
	if version < compatibilityVersion {
		scripts, err := compatibilityScripts()
		if err != nil {
			return err
		}
		statements = append(statements, "CREATE SCHEMA IF NOT EXISTS sqlite", "SET LOCAL search_path = pg_catalog")
		statements = append(statements, scripts...)
		statements = append(statements, reindex, "CREATE TABLE IF NOT EXISTS sqlite.version (number integer NOT NULL)",
			fmt.Sprintf("DELETE FROM sqlite.version; INSERT INTO sqlite.version VALUES (%d)", compatibilityVersion))
	}
	for _, statement := range statements {
		if _, err := readAll(ctx, connection, statement); err != nil {
			return err
		}
	}
	return nil
}

// reindex builds the indexes anew that hold what the functions gave before they
// were replaced.
const reindex = `DO $build$
DECLARE
  index regclass;
BEGIN
  FOR index IN
    SELECT DISTINCT d.objid::regclass FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'i'
    WHERE d.classid = 'pg_class'::regclass AND (
      d.refclassid = 'pg_proc'::regclass AND d.refobjid IN (SELECT oid FROM pg_proc WHERE pronamespace = 'sqlite'::regnamespace)
      OR d.refclassid = 'pg_operator'::regclass AND d.refobjid IN (SELECT oid FROM pg_operator WHERE oprnamespace = 'sqlite'::regnamespace))
  LOOP
    EXECUTE format('REINDEX INDEX %s', index);
  END LOOP;
END $build$`

func compatibilityScripts() ([]string, error) {
	names, err := fs.Glob(compatibility, "compatibility/*.sql")
	if err != nil {
		return nil, err
	}
	scripts := make([]string, len(names))
	for i, name := range names {
		content, err := compatibility.ReadFile(name)
		if err != nil {
			return nil, err
		}
		scripts[i] = string(content)
	}
	return scripts, nil
}

// readCatalog reads what the driver has to know of the database. The mutex is
// held.
func (d *Database) readCatalog(ctx context.Context, connection *pgconn.PgConn) error {
	rows, err := readAll(ctx, connection, "SELECT 'sqlite.value'::pg_catalog.regtype::pg_catalog.oid")
	if err != nil {
		return err
	}
	oid, err := strconv.ParseUint(rows[0][0], 10, 32)
	if err != nil {
		return err
	}
	if d.valueType != uint32(oid) {
		d.valueType = uint32(oid) // before the first connection is handed out
	}
	names, err := readAll(ctx, connection, "SELECT short, long FROM sqlite.long_names")
	if err != nil {
		return err
	}
	known := maps.Clone(d.longNames)
	for _, name := range names {
		known[name[0]] = name[1]
	}
	d.longNames = known
	return nil
}

// readAll runs trusted statements and returns the rows of the last one as text.
func readAll(ctx context.Context, connection *pgconn.PgConn, statements string) ([][]string, error) {
	results, err := connection.Exec(ctx, statements).ReadAll()
	if err != nil || len(results) == 0 {
		return nil, err
	}
	var rows [][]string
	for _, row := range results[len(results)-1].Rows {
		values := make([]string, len(row))
		for i, value := range row {
			values[i] = string(value)
		}
		rows = append(rows, values)
	}
	return rows, nil
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }
