package sqlite

import (
	"database/sql/driver"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// textOf returns a value as SQLite converts it to text.
func textOf(value driver.Value) (text string, isNull bool) {
	switch value := value.(type) {
	case nil:
		return "", true
	case string:
		return value, false
	case []byte:
		return string(value), false
	case int64:
		return strconv.FormatInt(value, 10), false
	case bool:
		return map[bool]string{true: "1", false: "0"}[value], false
	case float64:
		return textOfReal(value), false
	case time.Time:
		return value.UTC().Format("2006-01-02 15:04:05.000Z"), false
	}
	return fmt.Sprint(value), false
}

// shortDigits are how many digits SQLite writes of a number that they identify, and
// longDigits of every other.
const shortDigits, longDigits = 15, 17

func textOfReal(value float64) string {
	switch {
	case math.IsInf(value, 1):
		return "Inf"
	case math.IsInf(value, -1):
		return "-Inf"
	}
	digits := shortDigits
	if short, err := strconv.ParseFloat(strconv.FormatFloat(value, 'e', digits-1, 64), 64); err != nil || short != value {
		digits = longDigits
	}
	text := strconv.FormatFloat(value, 'e', digits-1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	power, _ := strconv.Atoi(exponent)
	if power < -4 || power >= longDigits {
		return withPoint(mantissa) + fmt.Sprintf("e%+03d", power)
	}
	return withPoint(strconv.FormatFloat(value, 'f', max(digits-1-power, 1), 64))
}

// withPoint removes zeros from the end of a decimal, but for one behind the point.
func withPoint(decimal string) string {
	decimal = strings.TrimRight(decimal, "0")
	if strings.HasSuffix(decimal, ".") {
		decimal += "0"
	}
	return decimal
}
