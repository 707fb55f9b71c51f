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
	// compatibilityVersion is the version of the compatibility schema that this
	// program installs and requires. It goes up when one of the scripts
	// changes.
	compatibilityVersion = 9
	minServerVersion     = 150000
	// installLock is the key of the advisory lock held while installing.
	installLock = 4_021_160_271
)

//go:embed compatibility/*.sql
var compatibility embed.FS

// install creates or upgrades the compatibility schema and the schema itself.
// It does nothing if another connection of this process has done it.
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
			return fmt.Errorf("the database %s contains no Carebase data", d)
		case version < compatibilityVersion:
			return fmt.Errorf("the database %s was created by an older version of this program: start this version on it first to upgrade it", d)
		}
	}
	if err == nil && !ready {
		err = installOnce(ctx, connection, schema)
	}
	if err != nil {
		return fmt.Errorf("failed to prepare the database %s: %w", d, err)
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
		return fmt.Errorf("PostgreSQL 15 or later is required, the server is version %s", version)
	}
	return nil
}

// installed returns the version of the compatibility schema, 0 if there is
// none, and whether the schema is ready for use. It fails if a newer version of
// the program has installed it.
func installed(ctx context.Context, connection *pgconn.PgConn, schema string) (version int, ready bool, err error) {
	// Not to_regclass: its cache may miss what was committed while this process
	// waited for the lock.
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
		return 0, false, errors.New(`its schema "sqlite" was not created by this program`)
	}
	version, err = strconv.Atoi(numbers[0][0])
	if err != nil || version > compatibilityVersion {
		return 0, false, errors.New("it was created by a newer version of this program")
	}
	return version, version == compatibilityVersion && rows[0][1] == "t", nil
}

// installOnce installs under an advisory lock.
func installOnce(ctx context.Context, connection *pgconn.PgConn, schema string) error {
	begin := fmt.Sprintf("BEGIN; SET LOCAL lock_timeout = %s; SELECT pg_catalog.pg_advisory_xact_lock(%d)", startLockTimeout(), installLock)
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

// reindex rebuilds the indexes that hold results of replaced functions.
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

// readCatalog caches the oid of sqlite.value and the long names. The mutex must
// be held.
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
