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

// The oids of the types that parameters and results have.
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

// The formats of the protocol.
const (
	formatText   = 0
	formatBinary = 1
)

// timeLayout is PocketBase's.
const timeLayout = "2006-01-02 15:04:05.000Z"

// arguments are a statement's arguments on the wire.
type arguments struct {
	values  [][]byte
	types   []uint32
	formats []int16
}

// encode gives each parameter the type of its value, or leaves the type to the
// column that it is assigned to.
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
		// In binary, text and bytea are both the bytes as they are.
		return v, typeText, formatBinary, nil
	case int64:
		return strconv.AppendInt(nil, v, 10), typeInt8, formatText, nil
	case float64:
		return appendNumber(v), typeFloat8, formatText, nil
	case bool:
		// 1 and 0 are a boolean's input, too.
		if v {
			return []byte("1"), typeBool, formatText, nil
		}
		return []byte("0"), typeBool, formatText, nil
	case time.Time:
		return []byte(v.UTC().Format(timeLayout)), typeText, formatText, nil
	}
	return nil, 0, 0, fmt.Errorf("a value of type %T cannot be sent to PostgreSQL", value)
}

func appendNumber(v float64) []byte {
	if math.Abs(v) < 1e15 && v == math.Trunc(v) {
		return strconv.AppendInt(nil, int64(v), 10)
	}
	return strconv.AppendFloat(nil, v, 'g', -1, 64)
}
