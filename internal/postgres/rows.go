package postgres

import (
	"database/sql/driver"
	"encoding/hex"
	"io"
	"log/slog"
	"math"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// hiddenColumn is left out of results unless it is asked for by name.
const hiddenColumn = "_rowid_"

// column is a column of a result.
type column struct {
	index int
	name  string
	oid   uint32
	// computed is set for what no column of a table or view gave.
	computed bool
}

// rows streams a result set. While it does, its connection is busy: what comes
// next on the connection first reads the rest into memory.
type rows struct {
	conn     *conn
	stream   *stream
	columns  []column
	buffered [][]driver.Value
	first    bool // the first row has been read
	err      error
	cut      bool // the failure has been given as a row
}

// cutShort stands for the rows that a failure kept back. No destination takes
// it: PocketBase's query builder ignores the error after the last row, and must
// not take the rows before it for all.
type cutShort struct{}

// columns describes the result's columns. Names that PostgreSQL knows by a
// shorter one are the original ones.
func (c *conn) columns(fields []pgconn.FieldDescription, showRowID bool, names map[string]string) []column {
	columns := make([]column, 0, len(fields))
	for i, field := range fields {
		if field.Name == hiddenColumn && !showRowID {
			continue
		}
		name := field.Name
		if len(name) > maxPlainName && strings.Contains(name, "~") {
			name = c.database.originalName(name, names)
		}
		columns = append(columns, column{index: i, name: name, oid: field.DataTypeOID, computed: field.TableOID == 0})
	}
	return columns
}

// maxPlainName is the length below which a name has not been shortened.
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
	r.decode(destination)
	return nil
}

// fail gives one row that cannot be scanned, and then the error.
func (r *rows) fail(destination []driver.Value) error {
	if r.cut || len(destination) == 0 {
		return r.err
	}
	r.cut = true
	slog.Error("a result was cut short", "error", r.err)
	for i := range destination {
		destination[i] = cutShort{}
	}
	return nil
}

func (r *rows) decode(destination []driver.Value) {
	values := r.stream.reader.Values()
	for i, column := range r.columns {
		destination[i] = r.conn.database.decode(column, values[column.index])
	}
}

// Close implements driver.Rows.
func (r *rows) Close() error {
	r.buffered = nil
	if r.stream == nil {
		return nil
	}
	return r.finish()
}

// finish ends the stream and frees the connection.
func (r *rows) finish() error {
	stream := r.stream
	r.stream = nil
	if r.conn.open == r {
		r.conn.open = nil
	}
	_, err := stream.close()
	return r.conn.failed(stream.ctx, err, stream.statement)
}

// buffer reads the rest into memory.
func (r *rows) buffer() {
	for r.first || !r.stream.closed && r.stream.reader.NextRow() {
		r.first = false
		values := make([]driver.Value, len(r.columns))
		r.decode(values)
		r.buffered = append(r.buffered, values)
	}
	r.err = r.finish()
}

const (
	maxRowsAhead  = 1000
	maxBytesAhead = 1 << 20
)

// readAhead reads the first rows. PocketBase's query builder takes an error in
// the middle of the rows for their end; what fails here fails as a whole. A page
// of records has 1000 at most.
func (r *rows) readAhead() error {
	for bytes := 0; len(r.buffered) < maxRowsAhead && bytes < maxBytesAhead; {
		if !r.first && !r.stream.reader.NextRow() {
			return r.finish()
		}
		r.first = false
		values := make([]driver.Value, len(r.columns))
		r.decode(values)
		r.buffered = append(r.buffered, values)
		for _, value := range r.stream.reader.Values() {
			bytes += len(value)
		}
	}
	return nil
}

// decode turns a value into what SQLite's driver gives.
func (d *Database) decode(column column, value []byte) driver.Value {
	if value == nil {
		return nil
	}
	text := string(value)
	switch column.oid {
	case typeBool:
		truth := text == "t"
		if !column.computed {
			return truth
		}
		if truth {
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

// parseNumber gives whole numbers as integers, as SQLite stores them.
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

// parseDynamic reads a sqlite.value: (rank,number,text).
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

// declaredTypes are what SQLite calls the types of a table's columns.
var declaredTypes = map[uint32]string{typeText: "TEXT", typeBool: "BOOLEAN", typeFloat8: "NUMERIC", typeInt8: "INTEGER", typeBytea: "BLOB"}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
// What is computed has no type in SQLite.
func (r *rows) ColumnTypeDatabaseTypeName(index int) string {
	if r.columns[index].computed {
		return ""
	}
	return declaredTypes[r.columns[index].oid]
}

// ColumnTypeNullable implements driver.RowsColumnTypeNullable.
func (r *rows) ColumnTypeNullable(int) (nullable, ok bool) { return true, true }
