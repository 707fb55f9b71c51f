package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/django/source"
)

// maxSafeInteger is the largest integer up to which a float64, PocketBase's number
// type, represents every integer exactly.
const maxSafeInteger = 1 << 53

var (
	errNotText = errors.New("is not a text")
	errNull    = errors.New("has a null character")
	errUTF8    = errors.New("is not UTF-8")
)

// text converts a value to a string; null becomes empty.
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

// bounded is text with a maximum length in characters.
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

// integer converts a value to an integer; ok is false for null.
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

// boolean converts a value to a boolean; null becomes false.
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

// momentLayouts are the time formats of Django's databases and dumpdata. Go accepts
// fractional seconds after any of them; times without a zone are UTC.
var momentLayouts = []string{
	"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z0700",
	"2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04", time.DateOnly,
}

// moment converts a value to PocketBase's time format, truncated to milliseconds; null
// becomes empty.
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

// number returns a value as an int64 or float64 if that represents it exactly,
// otherwise as its digits.
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

// trimZeros removes trailing zeros of a fraction.
func trimZeros(digits string) string {
	if strings.Contains(digits, ".") {
		digits = strings.TrimSuffix(strings.TrimRight(digits, "0"), ".")
	}
	return digits
}

// convertExtra converts the value of an extra column.
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
	case source.UUID:
		written, err := text(value)
		return hyphenated(written), err
	}
	return text(value)
}

// plainUUID matches a UUID as Django stores it in SQLite.
var plainUUID = regexp.MustCompile(`^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$`)

// hyphenated writes a UUID as Django's other databases and its clients do.
func hyphenated(written string) string {
	return plainUUID.ReplaceAllString(written, "$1-$2-$3-$4-$5")
}
