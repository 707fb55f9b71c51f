package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	connectTimeout = 10 * time.Second
	closeTimeout   = 3 * time.Second
)

// settings fixes the text format of values and bounds the wait for locks. They are set
// per transaction because a pooler would reject some of them as startup parameters.
const settings = `SET LOCAL lock_timeout = '10s'; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 1`

type postgresSource struct {
	connection  *pgx.Conn
	transaction pgx.Tx
	schemas     map[string]string
	tables      []Table
	types       map[string]map[string]string // by table and column
}

func openPostgreSQL(ctx context.Context, place string) (Source, error) {
	config, err := pgx.ParseConfig(place)
	if err != nil {
		return nil, errors.New("--from is not a URL of PostgreSQL, such as postgres://user:password@host:5432/database")
	}
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["application_name"] = "carebase-import"
	s := &postgresSource{types: map[string]map[string]string{}, schemas: map[string]string{}}
	name := s.name(&config.Config)
	if s.connection, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("%s: %w", name, oneLine(err))
	}
	s.transaction, err = s.connection.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err == nil {
		_, err = s.transaction.Exec(ctx, settings)
	}
	if err == nil {
		err = s.readTables(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, oneLine(err)), s.Close())
	}
	return s, nil
}

func (s *postgresSource) name(config *pgconn.Config) string {
	host := config.Host
	if !strings.HasPrefix(host, "/") {
		host = net.JoinHostPort(host, strconv.Itoa(int(config.Port)))
	}
	return "PostgreSQL, " + host + "/" + config.Database
}

// oneLine returns an error without details of the connection string.
func oneLine(err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return errors.New(strings.ReplaceAll(refused.Message, "\n", "; "))
	}
	var unreachable *pgconn.ConnectError
	if errors.As(err, &unreachable) {
		if cause := errors.Unwrap(err); cause != nil {
			return errors.New("cannot connect: " + strings.Join(strings.Fields(cause.Error()), " "))
		}
		return errors.New("cannot connect")
	}
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}

func (s *postgresSource) String() string   { return s.name(&s.connection.Config().Config) }
func (s *postgresSource) Tables() []Table  { return s.tables }
func (s *postgresSource) InOrder() bool    { return true }
func (s *postgresSource) Unchanged() error { return nil } // the transaction is one snapshot

func (s *postgresSource) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return s.connection.Close(ctx) // this also ends the transaction
}

// Catalog queries for the schemas in the search path.
const (
	relationsQuery = `SELECT n.nspname, c.relname, c.relkind IN ('v', 'm', 'f')
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = ANY(current_schemas(false)) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
		ORDER BY c.relname LIMIT $1`
	columnsQuery = `SELECT c.relname, a.attname, CASE WHEN t.typcategory = 'A' THEN 'array' WHEN t.typtype = 'e' THEN 'enum' ELSE t.typname END,
			CASE WHEN a.atttypmod > 4 AND t.typname IN ('varchar', 'bpchar') THEN a.atttypmod - 4 ELSE 0 END,
			COALESCE((SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '{}')
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = a.atttypid
		WHERE n.nspname = ANY(current_schemas(false)) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped AND c.relnatts <= $1
		ORDER BY c.relname, a.attnum`
	keysQuery = `SELECT c.relname, k.contype = 'p', a.attname, COALESCE(f.relname, '')
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1] LEFT JOIN pg_class f ON f.oid = k.confrelid
		WHERE n.nspname = ANY(current_schemas(false)) AND k.contype IN ('p', 'f') AND cardinality(k.conkey) = 1`
)

func (s *postgresSource) readTables(ctx context.Context) error {
	byName := map[string]*Table{}
	var schema, name, column, kind, references string
	var view, primary bool
	var length int
	var choices []string
	rows, err := s.transaction.Query(ctx, relationsQuery, maxTables+1)
	if err != nil {
		return err
	}
	if _, err = pgx.ForEachRow(rows, []any{&schema, &name, &view}, func() error {
		if _, known := s.schemas[name]; !known { // the first schema in the search path wins
			s.schemas[name] = schema
			s.tables = append(s.tables, Table{Name: name, View: view})
		}
		return nil
	}); err != nil {
		return err
	}
	if len(s.tables) > maxTables {
		return fmt.Errorf("more than %d tables", maxTables)
	}
	for i := range s.tables {
		byName[s.tables[i].Name] = &s.tables[i]
		s.types[s.tables[i].Name] = map[string]string{}
	}
	if rows, err = s.transaction.Query(ctx, columnsQuery, maxColumns); err != nil {
		return err
	}
	if _, err = pgx.ForEachRow(rows, []any{&name, &column, &kind, &length, &choices}, func() error {
		if table := byName[name]; table != nil && !table.View && table.Column(column) == nil {
			table.Columns = append(table.Columns, Column{Name: column, Kind: postgresKind(kind), Length: length, Choices: choices})
			s.types[name][column] = kind
		}
		choices = nil
		return nil
	}); err != nil {
		return err
	}
	if rows, err = s.transaction.Query(ctx, keysQuery); err != nil {
		return err
	}
	if _, err = pgx.ForEachRow(rows, []any{&name, &primary, &column, &references}, func() error {
		switch table := byName[name]; {
		case table == nil:
		case primary:
			table.Key = column
		case table.Column(column) != nil:
			table.Column(column).References = references
		}
		return nil
	}); err != nil {
		return err
	}
	return s.count(ctx)
}

// count counts the rows of the readable tables.
func (s *postgresSource) count(ctx context.Context) error {
	for i := range s.tables {
		table := &s.tables[i]
		if table.View {
			continue
		}
		var readable bool
		if err := s.transaction.QueryRow(ctx, "SELECT has_table_privilege($1, 'SELECT')", s.relation(table)).Scan(&readable); err != nil {
			return err
		}
		if !readable {
			continue
		}
		if err := s.transaction.QueryRow(ctx, "SELECT count(*) FROM "+s.relation(table)).Scan(&table.Rows); err != nil {
			return err
		}
	}
	return nil
}

func (s *postgresSource) relation(table *Table) string {
	return quote(s.schemas[table.Name]) + "." + quote(table.Name)
}

func postgresKind(name string) Kind {
	return map[string]Kind{
		"int2": Integer, "int4": Integer, "int8": Integer, "float4": Float, "float8": Float, "numeric": Decimal, "bool": Bool,
		"date": Date, "timestamptz": DateTime, "timestamp": DateTime, "json": JSON, "jsonb": JSON, "array": JSON, "uuid": UUID, "bytea": Binary,
	}[name]
}

// expression returns an SQL expression that converts a column to one of the types
// listed for Request.
func expression(column, kind string) string {
	name := quote(column)
	switch kind {
	case "int2", "int4", "int8":
		return name + "::int8"
	case "float4", "float8":
		return name + "::float8"
	case "bool":
		return name
	case "array":
		return "to_jsonb(" + name + ")::text"
	case "bytea":
		return "NULL::text"
	}
	return name + "::text"
}

func (s *postgresSource) Read(ctx context.Context, requests []Request) error {
	for _, request := range requests {
		if err := s.read(ctx, request); err != nil {
			return err
		}
	}
	return nil
}

func (s *postgresSource) read(ctx context.Context, request Request) error {
	expressions := make([]string, len(request.Columns))
	for i, column := range request.Columns {
		expressions[i] = expression(column, s.types[request.Table.Name][column])
	}
	query := "SELECT " + strings.Join(expressions, ", ") + " FROM " + s.relation(request.Table)
	if request.Table.Key != "" {
		query += " ORDER BY " + quote(request.Table.Key)
	}
	rows, err := s.transaction.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("table %s: %w", request.Table.Name, oneLine(err))
	}
	defer rows.Close()
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return fmt.Errorf("table %s: %w", request.Table.Name, oneLine(err))
		}
		if err := request.Visit(values); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("table %s: %w", request.Table.Name, oneLine(err))
	}
	return nil
}
