package source

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// readTables reads the schema.
func (s *sqliteSource) readTables(ctx context.Context) error {
	rows, err := s.conn.QueryContext(ctx, "SELECT name, type, ifnull(sql, '') FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name LIMIT ?", maxTables+1)
	if err != nil {
		return readable(err)
	}
	defer rows.Close()
	definitions := map[string]string{}
	for rows.Next() {
		var table Table
		var kind, definition string
		if err := rows.Scan(&table.Name, &kind, &definition); err != nil {
			return readable(err)
		}
		table.View = kind == "view"
		definitions[table.Name] = definition
		s.tables = append(s.tables, table)
	}
	if err := rows.Err(); err != nil {
		return readable(err)
	}
	if len(s.tables) > maxTables {
		return fmt.Errorf("more than %d tables", maxTables)
	}
	for i := range s.tables {
		if table := &s.tables[i]; !table.View {
			if err := s.readColumns(ctx, table, definitions[table.Name]); err != nil {
				return fmt.Errorf("table %s: %w", table.Name, readable(err))
			}
		}
	}
	return nil
}

func (s *sqliteSource) readColumns(ctx context.Context, table *Table, definition string) error {
	columns, err := s.pragma(ctx, "SELECT name, type, pk FROM pragma_table_info(?) LIMIT ?", table.Name, maxColumns+1)
	if err != nil {
		return err
	}
	if len(columns) > maxColumns {
		table.Columns = nil // not a Django table
		return nil
	}
	keys := 0
	for _, column := range columns {
		name, declared := column[0], column[1]
		if column[2] != "0" {
			table.Key = name
			keys++
		}
		kind, length := sqliteKind(declared)
		if kind == Text && isJSON(definition, name) {
			kind = JSON
		}
		table.Columns = append(table.Columns, Column{Name: name, Kind: kind, Length: length})
	}
	if keys != 1 {
		table.Key = ""
	}
	references, err := s.pragma(ctx, "SELECT \"from\", \"table\", seq FROM pragma_foreign_key_list(?) LIMIT ?", table.Name, maxColumns)
	if err != nil {
		return err
	}
	for _, reference := range references {
		if column := table.Column(reference[0]); column != nil {
			column.References = reference[1]
		}
	}
	return s.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+quote(table.Name)).Scan(&table.Rows)
}

// pragma runs a query that returns three columns.
func (s *sqliteSource) pragma(ctx context.Context, query, table string, limit int) (found [][3]string, err error) {
	rows, err := s.conn.QueryContext(ctx, query, table, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var row [3]string
		if err := rows.Scan(&row[0], &row[1], &row[2]); err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

var lengthPattern = regexp.MustCompile(`\((\d{1,9})\)`)

// sqliteKind parses a declared column type of Django's SQLite backend.
func sqliteKind(declared string) (kind Kind, length int) {
	declared = strings.ToLower(declared)
	if match := lengthPattern.FindStringSubmatch(declared); match != nil {
		length, _ = strconv.Atoi(match[1])
	}
	name, _, _ := strings.Cut(declared, "(")
	switch name = strings.TrimSpace(name); {
	case strings.Contains(name, "int"):
		return Integer, 0
	case name == "char" && length == 32:
		return UUID, 0
	}
	kinds := map[string]Kind{
		"bool": Bool, "boolean": Bool, "datetime": DateTime, "timestamp": DateTime, "date": Date, "decimal": Decimal, "numeric": Decimal,
		"real": Float, "double": Float, "float": Float, "blob": Binary, "json": JSON, "uuid": UUID,
	}
	if kind, known := kinds[name]; known {
		return kind, 0
	}
	return Text, length
}

// isJSON recognizes the check constraint that Django adds to a JSONField.
func isJSON(definition, column string) bool {
	return strings.Contains(strings.ToLower(definition), `json_valid("`+strings.ToLower(column)+`")`)
}
