package postgres

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"carebase/internal/postgres/translate"
)

// The oids of the types of parameters and results.
const (
	typeBool   = 16
	typeBytea  = 17
	typeInt8   = 20
	typeInt2   = 21
	typeInt4   = 23
	typeText   = 25
	typeOID    = 26
	typeFloat4 = 700
	typeFloat8 = 701
	typeNumber = 1700
)

// The protocol's formats.
const (
	formatText   = 0
	formatBinary = 1
)

// timeLayout is PocketBase's layout for times.
const timeLayout = "2006-01-02 15:04:05.000Z"

// arguments are a statement's arguments in wire format.
type arguments struct {
	values  [][]byte
	types   []uint32
	formats []int16
}

// encode encodes a statement's arguments. Each parameter has the type of its
// value, or none if it is assigned to a column, which then determines it.
func encode(statement *translate.Statement, given []driver.NamedValue) (arguments, error) {
	result := arguments{
		values:  make([][]byte, len(statement.Parameters)),
		types:   make([]uint32, len(statement.Parameters)),
		formats: make([]int16, len(statement.Parameters)),
	}
	for i, parameter := range statement.Parameters {
		if parameter.Argument >= len(given) {
			return result, fmt.Errorf("missing argument with index %d", parameter.Argument+1)
		}
		value, oid, format, err := encodeValue(given[parameter.Argument].Value)
		if err != nil {
			return result, err
		}
		if parameter.Assigned {
			oid = 0
		}
		result.values[i], result.types[i], result.formats[i] = value, oid, format
	}
	return result, nil
}

func encodeValue(value any) (encoded []byte, oid uint32, format int16, err error) {
	switch v := value.(type) {
	case nil:
		return nil, typeText, formatText, nil
	case string:
		if strings.IndexByte(v, 0) >= 0 {
			return nil, 0, 0, errors.New("a text with a NUL character cannot be stored in PostgreSQL")
		}
		return []byte(v), typeText, formatText, nil
	case []byte:
		// In binary format, text and bytea are both the plain bytes.
		return v, typeText, formatBinary, nil
	case int64:
		return strconv.AppendInt(nil, v, 10), typeInt8, formatText, nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			// As a float, it would equal no text: see CheckNamedValue in package sqlite.
			return strconv.AppendInt(nil, int64(v), 10), typeInt8, formatText, nil
		}
		return appendNumber(v), typeFloat8, formatText, nil
	case bool:
		// 1 and 0 are valid input of a boolean, too.
		if v {
			return []byte("1"), typeBool, formatText, nil
		}
		return []byte("0"), typeBool, formatText, nil
	case time.Time:
		return []byte(v.UTC().Format(timeLayout)), typeText, formatText, nil
	}
	return nil, 0, 0, fmt.Errorf("unsupported parameter type %T", value)
}

func appendNumber(v float64) []byte {
	if math.Abs(v) < 1e15 && v == math.Trunc(v) {
		return strconv.AppendInt(nil, int64(v), 10)
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64)
}
