package translate

import (
	"regexp"
	"strings"
)

// conversion matches a conversion of printf: flags, width, precision, letter.
var conversion = regexp.MustCompile(`%([-+0 ,]*)(\d{0,3})(?:\.(\d{1,2}))?(.)`)

// printf translates a literal format to a concatenation of its texts and
// converted arguments. It refuses unknown conversions.
func (t *translator) printf(arguments []expression) expression {
	if arguments[0].literal != text {
		t.fail("printf with a format that is not a literal is not supported on PostgreSQL")
		return expression{}
	}
	format, position, next := arguments[0].value, 0, 1
	var parts []string
	for _, match := range conversion.FindAllStringSubmatchIndex(format, -1) {
		parts = append(parts, textLiteral(format[position:match[0]]))
		position = match[1]
		letter := format[match[8]:match[9]]
		if letter == "%" {
			parts = append(parts, textLiteral("%"))
			continue
		}
		argument, text := "NULL", "NULL"
		if next < len(arguments) {
			argument, text = arguments[next].sql, asText(arguments[next])
		}
		next++
		flags, width, digits := textLiteral(format[match[2]:match[3]]), "0"+format[match[4]:match[5]], ""
		if match[6] >= 0 {
			digits = format[match[6]:match[7]]
		}
		switch {
		case (letter == "x" || letter == "X" || letter == "u") && digits == "" && !strings.ContainsAny(format[match[2]:match[3]], ","):
			parts = append(parts, "sqlite.format_unsigned(sqlite.to_integer("+argument+"), '"+letter+"', "+flags+", "+width+")")
		case (letter == "d" || letter == "i") && digits == "":
			parts = append(parts, "sqlite.format_integer(sqlite.to_integer("+argument+"), "+flags+", "+width+")")
		case letter == "f":
			parts = append(parts, "sqlite.format_real(sqlite.number("+argument+"), "+flags+", "+width+", "+pick(digits == "", "6", digits)+")")
		case letter == "s":
			parts = append(parts, "sqlite.format_text("+text+", "+flags+", "+width+", "+pick(digits == "", "NULL", digits)+")")
		default:
			t.fail("printf with %s is not supported on PostgreSQL", format[match[0]:match[1]])
		}
	}
	parts = append(parts, textLiteral(format[position:]))
	if strings.Contains(format[position:], "%") {
		t.fail("printf with %s is not supported on PostgreSQL", format[position:])
	}
	return combine(levelPrimary, "("+strings.Join(parts, " || ")+")", arguments...)
}
