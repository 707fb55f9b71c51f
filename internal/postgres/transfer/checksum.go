package transfer

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// column is a column of a table.
type column struct {
	name string
	// numeric is set if SQLite converts a text that looks like a number.
	numeric bool
	// kind is what the column accepts on PostgreSQL.
	kind columnType
}

// hasNumericAffinity applies SQLite's rules for declared types. A JSON column
// has numeric affinity, too.
func hasNumericAffinity(declared string) bool {
	declared = strings.ToUpper(declared)
	if strings.Contains(declared, "INT") {
		return true
	}
	for _, part := range []string{"CHAR", "CLOB", "TEXT", "BLOB"} {
		if strings.Contains(declared, part) {
			return false
		}
	}
	return declared != ""
}

// checksum is the number of rows of a table and a hash of their values, in
// order.
type checksum struct {
	rows int64
	hash [sha256.Size]byte
}

func difference(want, found checksum) string {
	if want.rows != found.rows {
		return fmt.Sprintf("%d rows instead of %d", found.rows, want.rows)
	}
	return "the checksums differ: it contains a value that the other database cannot store exactly"
}

// counter computes a table's checksum.
type counter struct {
	columns []column
	rows    int64
	hash    hash.Hash
}

func newCounter(columns []column) *counter { return &counter{columns: columns, hash: sha256.New()} }

func (c *counter) add(values []any) {
	c.rows++
	for i, value := range values {
		kind, content := canonical(value, c.columns[i])
		c.hash.Write(binary.AppendUvarint([]byte{kind}, uint64(len(content))))
		c.hash.Write(content)
	}
}

func (c *counter) sum() checksum {
	return checksum{rows: c.rows, hash: [sha256.Size]byte(c.hash.Sum(nil))}
}

var numberPattern = regexp.MustCompile(`^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$`)

// canonical encodes a value independently of the engine: 1, 1.0 and true are
// the same number. PocketBase writes some JSON as bytes, which SQLite stores as
// such in any column, and PostgreSQL as text.
func canonical(value any, column column) (kind byte, content []byte) {
	switch v := value.(type) {
	case nil:
		return 'n', nil
	case bool:
		if v {
			return 'i', []byte("1")
		}
		return 'i', []byte("0")
	case int64:
		return 'i', strconv.AppendInt(nil, v, 10)
	case float64:
		return 'i', canonicalNumber(v)
	case []byte:
		if column.kind != bytesOnly {
			return canonical(string(v), column)
		}
		return 'b', v
	case string:
		if text := strings.TrimSpace(v); column.numeric && numberPattern.MatchString(text) {
			if whole, err := strconv.ParseInt(text, 10, 64); err == nil {
				return 'i', strconv.AppendInt(nil, whole, 10)
			}
			// Out of range becomes infinite, as in SQLite.
			number, _ := strconv.ParseFloat(text, 64)
			return 'i', canonicalNumber(number)
		}
		return 't', []byte(v)
	}
	return '?', fmt.Appendf(nil, "%T %v", value, value)
}

func canonicalNumber(number float64) []byte {
	if number == math.Trunc(number) && math.Abs(number) < 1<<63 {
		return strconv.AppendInt(nil, int64(number), 10)
	}
	return strconv.AppendFloat(nil, number, 'g', -1, 64)
}
