package rest

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNumberText is the length in characters up to which a string may be a number,
// DRF's MAX_STRING_LENGTH.
const maxNumberText = 1000

const invalidNumber = "A valid number is required."

// Messages for which DRF has no field: PocketBase's required numbers are not zero,
// its required booleans true.
const (
	notZero = "Ensure this value is not zero."
	notTrue = "Ensure this value is true."
)

func (f *Field) convertInteger(raw any) (any, []string) {
	var text string
	switch raw := raw.(type) {
	case string:
		if utf8.RuneCountInString(raw) > maxNumberText {
			return nil, []string{"String value too large."}
		}
		text = raw
	case json.Number:
		text = pythonNumber(raw.String())
	}
	digits, negative, ok := pythonInteger(withoutFraction(text))
	if !ok {
		return nil, []string{"A valid integer is required."}
	}
	// Clamp integers beyond 64 bits: they fail the range check below.
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		number = math.MaxInt64
	}
	if negative {
		number = -number
	}
	switch {
	case f.MaxValue != nil && number > *f.MaxValue:
		return nil, []string{fmt.Sprintf("Ensure this value is less than or equal to %d.", *f.MaxValue)}
	case f.MinValue != nil && number < *f.MinValue:
		return nil, []string{fmt.Sprintf("Ensure this value is greater than or equal to %d.", *f.MinValue)}
	case err != nil:
		return nil, []string{"A valid integer is required."}
	case f.NonZero && number == 0:
		return nil, []string{notZero}
	}
	return number, nil
}

// withoutFraction removes a fraction of zeros, as IntegerField does: 34.0 is an
// integer.
func withoutFraction(text string) string {
	zeros := strings.TrimRight(strings.TrimRightFunc(text, pythonSpace), "0")
	if whole, found := strings.CutSuffix(zeros, "."); found {
		return whole
	}
	return text
}

// number matches what Python's float(str) accepts, without underscores and in ASCII
// digits, except what is no number.
var number = regexp.MustCompile(`^[-+]?((\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|(?i:inf|infinity))$`)

func (f *Field) convertFloat(raw any) (any, []string) {
	var text string
	switch raw := raw.(type) {
	case bool:
		text = "0"
		if raw {
			text = "1" // to Python, true is a number
		}
	case string:
		if utf8.RuneCountInString(raw) > maxNumberText {
			return nil, []string{"String value too large."}
		}
		text = raw
	case json.Number:
		text = raw.String()
	}
	value, ok := parseFloat(text)
	switch {
	case !ok:
		return nil, []string{invalidNumber}
	case math.IsInf(value, 0) && pythonType(raw) == "int":
		return nil, []string{"Integer value too large to convert to float"}
	case f.MaxFloat != nil && value > *f.MaxFloat:
		return nil, []string{"Ensure this value is less than or equal to " + shortFloat(*f.MaxFloat) + "."}
	case f.MinFloat != nil && value < *f.MinFloat:
		return nil, []string{"Ensure this value is greater than or equal to " + shortFloat(*f.MinFloat) + "."}
	case math.IsInf(value, 0):
		return nil, []string{invalidNumber} // JSON cannot express it
	case f.NonZero && value == 0:
		return nil, []string{notZero}
	}
	return value, nil
}

// parseFloat parses what Python's float(str) accepts. What is no number is refused,
// because JSON cannot express it.
func parseFloat(text string) (value float64, ok bool) {
	text = asciiDigits(strings.TrimFunc(text, unicode.IsSpace))
	for i := range len(text) {
		isBetweenDigits := i > 0 && i < len(text)-1 && isASCIIDigit(text[i-1]) && isASCIIDigit(text[i+1])
		if text[i] == '_' && !isBetweenDigits {
			return 0, false
		}
	}
	text = strings.ReplaceAll(text, "_", "")
	if !number.MatchString(text) {
		return 0, false
	}
	value, _ = strconv.ParseFloat(text, 64) // infinite beyond its range
	return value, true
}

func isASCIIDigit(c byte) bool { return '0' <= c && c <= '9' }

// shortFloat returns a limit as an operator has typed it: 1 rather than 1.0.
func shortFloat(value float64) string { return strings.TrimSuffix(pythonFloat(value), ".0") }

// FloatValue is a number that renders itself as Python does: 3.0 rather than 3.
type FloatValue float64

// AppendJSON implements Appender.
func (v FloatValue) AppendJSON(out []byte) []byte { return append(out, pythonFloat(float64(v))...) }

// The texts that DRF's BooleanField takes, in lower case.
var (
	trueTexts  = []string{"t", "y", "yes", "true", "on", "1"}
	falseTexts = []string{"f", "n", "no", "false", "off", "0"}
)

func (f *Field) convertBoolean(raw any) (any, []string) {
	value, ok := booleanOf(raw)
	switch {
	case !ok:
		return nil, []string{"Must be a valid boolean."}
	case f.NonZero && !value:
		return nil, []string{notTrue}
	}
	return value, nil
}

func booleanOf(raw any) (value, ok bool) {
	switch raw := raw.(type) {
	case bool:
		return raw, true
	case json.Number:
		number, err := raw.Float64()
		return number == 1, err == nil && (number == 0 || number == 1)
	case string:
		text := strings.ToLower(raw)
		if slices.Contains(trueTexts, text) {
			return true, true
		}
		return false, slices.Contains(falseTexts, text)
	}
	return false, false
}
