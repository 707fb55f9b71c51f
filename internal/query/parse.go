package query

import (
	"strings"

	"github.com/pocketbase/dbx"
)

// parse takes a statement in dbx's notation apart, {:parameter}, [[column]] and {{table}},
// as dbx does: it returns the SQL with a ? for each parameter, and the parameters' names.
func parse(database *dbx.DB, text string) (raw string, parameters []string) {
	start := strings.IndexAny(text, "{[")
	if start < 0 {
		return text, nil
	}
	var out strings.Builder
	out.Grow(len(text))
	rest := text
	for ; start >= 0; start = strings.IndexAny(rest, "{[") {
		out.WriteString(rest[:start])
		rest = rest[start:]
		name, closing := nameIn(rest)
		switch closing {
		case "}":
			out.WriteByte('?')
			parameters = append(parameters, name)
		case "]]":
			out.WriteString(database.QuoteColumnName(name))
		case "}}":
			out.WriteString(database.QuoteTableName(name))
		default:
			out.WriteByte(rest[0])
			rest = rest[1:]
			continue
		}
		rest = rest[openingSize+len(name)+len(closing):]
	}
	out.WriteString(rest)
	return out.String(), parameters
}

// openingSize is the length of what is before a name: {:, [[ or {{.
const openingSize = 2

// nameIn returns the name that a text begins with, and what closes it; nothing if it does
// not begin with one.
func nameIn(text string) (name, closing string) {
	if len(text) < openingSize {
		return "", ""
	}
	others := "-. "
	switch text[:openingSize] {
	case "{:":
		closing, others = "}", ""
	case "[[":
		closing = "]]"
	case "{{":
		closing = "}}"
	default:
		return "", ""
	}
	inner := text[openingSize:]
	end := 0
	for end < len(inner) && (isWord(inner[end]) || strings.IndexByte(others, inner[end]) >= 0) {
		end++
	}
	if end == 0 || !strings.HasPrefix(inner[end:], closing) {
		return "", ""
	}
	return inner[:end], closing
}

func isWord(character byte) bool {
	return character >= 'a' && character <= 'z' || character >= 'A' && character <= 'Z' || character >= '0' && character <= '9' || character == '_'
}
