package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/django/source"
)

// maxSafeInteger is the last integer up to which PocketBase's numbers, which are
// floats, hold every one.
const maxSafeInteger = 1 << 53

var (
	errNotText = errors.New("is not a text")
	errNull    = errors.New("has a null character")
	errUTF8    = errors.New("is not UTF-8")
)

// text is a value as a text; null is empty.
func text(value any) (string, error) {
	var found string
	switch v := value.(type) {
	case nil:
		return "", nil
	case string:
		found = v
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case bool:
		return strconv.FormatBool(v), nil
	default:
		return "", errNotText
	}
	if strings.IndexByte(found, 0) >= 0 {
		return "", errNull
	}
	if !utf8.ValidString(found) {
		return "", errUTF8
	}
	return found, nil
}

// bounded is text of at most so many characters.
func bounded(value any, most int) (string, error) {
	found, err := text(value)
	if err != nil {
		return "", err
	}
	if len(found) > most && utf8.RuneCountInString(found) > most {
		return "", fmt.Errorf("has %d characters; %d are allowed", utf8.RuneCountInString(found), most)
	}
	return found, nil
}

// integer is a value as an integer; ok is false for null.
func integer(value any) (number int64, ok bool, err error) {
	switch v := value.(type) {
	case nil:
		return 0, false, nil
	case int64:
		return v, true, nil
	case bool:
		if v {
			return 1, true, nil
		}
		return 0, true, nil
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<63 {
			return int64(v), true, nil
		}
	case string:
		if number, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64); err == nil {
			return number, true, nil
		}
	}
	return 0, false, fmt.Errorf("is not a whole number: %.40q", fmt.Sprint(value))
}

// boolean is a value as a boolean; null is false.
func boolean(value any) (bool, error) {
	switch v := value.(type) {
	case nil:
		return false, nil
	case bool:
		return v, nil
	case int64:
		if v == 0 || v == 1 {
			return v == 1, nil
		}
	case string:
		if found, err := strconv.ParseBool(strings.ToLower(v)); err == nil {
			return found, nil
		}
	}
	return false, fmt.Errorf("is not a boolean: %.40q", fmt.Sprint(value))
}

// momentLayouts are how Django's databases and dumpdata write times. Go reads
// fractions of a second after any of them; without a zone it is UTC.
var momentLayouts = []string{
	"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z0700",
	"2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04", time.DateOnly,
}

// moment is a value as PocketBase writes times, cut down to the millisecond; null
// is empty.
func moment(value any) (string, error) {
	if value == nil || value == "" {
		return "", nil
	}
	if written, ok := value.(string); ok && len(written) < 40 {
		for _, layout := range momentLayouts {
			if parsed, err := time.Parse(layout, written); err == nil {
				return momentText(parsed), nil
			}
		}
	}
	return "", fmt.Errorf("is not a time: %.40q", fmt.Sprint(value))
}

func momentText(at time.Time) string {
	return at.UTC().Truncate(time.Millisecond).Format(types.DefaultDateLayout)
}

// number is a value as a float64 that stands for it exactly, or as its digits.
func number(value any) (any, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case int64:
		if v > maxSafeInteger || v < -maxSafeInteger {
			return strconv.FormatInt(v, 10), nil
		}
		return v, nil
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return nil, fmt.Errorf("is not a number: %v", v)
		}
		return v, nil
	case string:
		digits := strings.TrimSpace(v)
		parsed, err := strconv.ParseFloat(digits, 64)
		if err != nil || math.IsInf(parsed, 0) || math.IsNaN(parsed) || strings.ContainsAny(digits, "xX_") {
			return nil, fmt.Errorf("is not a number: %.40q", v)
		}
		if exact := strconv.FormatFloat(parsed, 'f', -1, 64); exact == trimZeros(digits) {
			return parsed, nil
		}
		return digits, nil
	}
	return nil, fmt.Errorf("is not a number: %.40q", fmt.Sprint(value))
}

// trimZeros takes the zeros at the end of a fraction away.
func trimZeros(digits string) string {
	if strings.Contains(digits, ".") {
		digits = strings.TrimSuffix(strings.TrimRight(digits, "0"), ".")
	}
	return digits
}

// convertExtra is the value of a column that Carebase does not have.
func convertExtra(value any, kind source.Kind) (any, error) {
	if value == nil {
		return nil, nil
	}
	switch kind {
	case source.Integer:
		if whole, _, err := integer(value); err != nil {
			return nil, err
		} else {
			return number(whole)
		}
	case source.Float, source.Decimal:
		return number(value)
	case source.Bool:
		return boolean(value)
	case source.Date, source.DateTime:
		return moment(value)
	case source.JSON:
		written, err := text(value)
		if err == nil && !json.Valid([]byte(written)) {
			err = errors.New("is not JSON")
		}
		return written, err
	}
	return text(value)
}
