package postgres

import (
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"math"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/deadline"
	"carebase/internal/postgres/translate"
)

// hiddenColumn is left out of results unless the query names it.
const hiddenColumn = "_rowid_"

// column is a column of a result.
type column struct {
	index int
	name  string
	oid   uint32
	// computed is set if the column is an expression and not a column of a
	// table or view.
	computed bool
	// ofTable is set if it is a column of a table. SQLite's views have numbers where
	// those have booleans.
	ofTable bool
}

// rows streams a result set. Meanwhile its connection is busy: the next
// statement on the connection first reads the remaining rows into memory.
type rows struct {
	conn      *conn
	stream    *stream
	columns   []column
	buffered  [][]driver.Value
	reading   deadline.Reading
	first     bool // the first row has been read
	err       error
	truncated bool // the row that stands for the failure was returned
}

// truncated is a value that no destination can scan. It stands for the rows
// after a failure: PocketBase's query builder ignores the error after the last
// row, and would take an incomplete result for a complete one.
type truncated struct{}

// columns returns the columns of a result, with shortened names replaced by the
// original ones.
func (c *conn) columns(fields []pgconn.FieldDescription, statement *translate.Statement) []column {
	from, _ := c.knownRelation(statement.From)
	columns := make([]column, 0, len(fields))
	for i, field := range fields {
		if field.Name == hiddenColumn && !statement.ShowsRowID {
			continue
		}
		name := field.Name
		if len(name) > maxPlainName && strings.Contains(name, "~") {
			name = c.database.originalName(name, statement.LongNames)
		}
		isComputed := field.TableOID == 0
		columns = append(columns, column{index: i, name: name, oid: field.DataTypeOID, computed: isComputed, ofTable: !isComputed && !from.isView})
	}
	return columns
}

// maxPlainName is the length up to which a name is not a shortened one.
const maxPlainName = 40

// Columns implements driver.Rows.
func (r *rows) Columns() []string {
	names := make([]string, len(r.columns))
	for i, column := range r.columns {
		names[i] = column.name
	}
	return names
}

// Next implements driver.Rows.
func (r *rows) Next(destination []driver.Value) error {
	if len(r.buffered) > 0 {
		copy(destination, r.buffered[0])
		r.buffered = r.buffered[1:]
		return nil
	}
	if r.err != nil {
		return r.fail(destination)
	}
	if r.stream == nil {
		return io.EOF
	}
	if !r.first && (r.stream.closed || !r.stream.reader.NextRow()) {
		if r.err = r.finish(); r.err != nil {
			return r.fail(destination)
		}
		return io.EOF
	}
	r.first = false
	if r.err = r.decode(destination); r.err != nil {
		r.err = errors.Join(r.err, r.finish())
		return r.fail(destination)
	}
	return nil
}

// fail returns one row that cannot be scanned, and then the error.
func (r *rows) fail(destination []driver.Value) error {
	if r.truncated || len(destination) == 0 {
		return r.err
	}
	r.truncated = true
	if !deadline.IsEnd(r.err) {
		slog.Error("failed to read all rows of a result", "error", r.err)
	}
	for i := range destination {
		destination[i] = truncated{}
	}
	return nil
}

// decode converts the current row. It returns an error if the request would hold too
// much with it.
func (r *rows) decode(destination []driver.Value) error {
	values := r.stream.reader.Values()
	for i, column := range r.columns {
		destination[i] = r.conn.database.decode(column, values[column.index])
	}
	return r.reading.Count(destination)
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	r.buffered = nil
	if r.stream == nil {
		return nil
	}
	return r.finish()
}

// finish ends the stream and releases the connection.
func (r *rows) finish() error {
	stream := r.stream
	r.stream = nil
	if r.conn.open == r {
		r.conn.open = nil
	}
	_, err := stream.close()
	return r.conn.failed(stream.ctx, err, stream.statement)
}

// buffer reads the remaining rows into memory.
func (r *rows) buffer() {
	for r.first || !r.stream.closed && r.stream.reader.NextRow() {
		r.first = false
		values := make([]driver.Value, len(r.columns))
		if r.err = r.decode(values); r.err != nil {
			break
		}
		r.buffered = append(r.buffered, values)
	}
	r.err = errors.Join(r.err, r.finish())
}

const (
	maxRowsAhead  = 1000
	maxBytesAhead = 1 << 20
)

// readAhead reads the first rows, so that an error among them fails the query:
// PocketBase's query builder takes an error between rows for their end. A page
// of records has at most 1000.
func (r *rows) readAhead() error {
	for bytes := 0; len(r.buffered) < maxRowsAhead && bytes < maxBytesAhead; {
		if !r.first && !r.stream.reader.NextRow() {
			return r.finish()
		}
		r.first = false
		values := make([]driver.Value, len(r.columns))
		if err := r.decode(values); err != nil {
			return errors.Join(err, r.finish())
		}
		r.buffered = append(r.buffered, values)
		for _, value := range r.stream.reader.Values() {
			bytes += len(value)
		}
	}
	return nil
}

// decode converts a value to what SQLite's driver returns.
func (d *Database) decode(column column, value []byte) driver.Value {
	if value == nil {
		return nil
	}
	text := string(value)
	switch column.oid {
	case typeBool:
		isTrue := text == "t"
		if column.ofTable {
			return isTrue
		}
		if isTrue {
			return int64(1)
		}
		return int64(0)
	case typeInt8, typeInt4, typeInt2, typeOID, typeFloat8, typeFloat4, typeNumber:
		return parseNumber(text)
	case typeBytea:
		if decoded, err := hex.DecodeString(strings.TrimPrefix(text, `\x`)); err == nil {
			return decoded
		}
	case d.valueType:
		return parseDynamic(text)
	}
	return text
}

// parseNumber returns whole numbers as int64, as SQLite stores them.
func parseNumber(text string) driver.Value {
	if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
		return integer
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	if number == math.Trunc(number) && math.Abs(number) < 1e15 {
		return int64(number)
	}
	return number
}

// parseDynamic decodes a sqlite.value: (rank,number,text).
func parseDynamic(record string) driver.Value {
	fields := strings.SplitN(strings.TrimSuffix(strings.TrimPrefix(record, "("), ")"), ",", 3)
	if len(fields) != 3 {
		return record
	}
	text := fields[2]
	if strings.HasPrefix(text, `"`) {
		var unquoted strings.Builder
		for i := 1; i < len(text)-1; i++ {
			if (text[i] == '"' || text[i] == '\\') && i+1 < len(text)-1 {
				i++
			}
			unquoted.WriteByte(text[i])
		}
		text = unquoted.String()
	}
	if fields[0] == "1" {
		return parseNumber(text)
	}
	return text
}

// declaredTypes are SQLite's names for the types of table columns.
var declaredTypes = map[uint32]string{typeText: "TEXT", typeBool: "BOOLEAN", typeFloat8: "NUMERIC", typeInt8: "INTEGER", typeBytea: "BLOB"}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
// It returns "" for an expression, as for SQLite.
func (r *rows) ColumnTypeDatabaseTypeName(index int) string {
	if r.columns[index].computed {
		return ""
	}
	return declaredTypes[r.columns[index].oid]
}

// ColumnTypeNullable implements driver.RowsColumnTypeNullable.
func (r *rows) ColumnTypeNullable(int) (nullable, ok bool) { return true, true }
