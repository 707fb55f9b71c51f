package server

import (
	"regexp"
	"strings"
)

// enclosed is what can hide words, by how it begins: texts, quoted names and
// comments.
var enclosed = []struct{ begin, end string }{
	{"'", "'"}, {`"`, `"`}, {"`", "`"}, {"[", "]"}, {"--", "\n"}, {"/*", "*/"},
}

// cutEnclosed cuts off what is enclosed at the beginning of a query, if
// anything; found is false if it does not end. A doubled quote ends one text and
// begins the next, which comes to the same.
func cutEnclosed(query string) (inside, rest string, found bool) {
	for _, pair := range enclosed {
		if !strings.HasPrefix(query, pair.begin) {
			continue
		}
		length := strings.Index(query[len(pair.begin):], pair.end)
		if length < 0 {
			// A comment to the end of the line may be the end of all.
			return query, "", pair.begin == "--"
		}
		end := len(pair.begin) + length + len(pair.end)
		return query[:end], query[end:], true
	}
	return "", query, true
}

var (
	// sqlWord and sqlNumber begin a query with a name or keyword, or a number.
	sqlWord   = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*`)
	sqlNumber = regexp.MustCompile(`^[0-9][\p{L}\p{N}_.]*`)
	// sqlQuotedName is a name in brackets or backticks.
	sqlQuotedName = regexp.MustCompile("^[\\[`][\\p{L}_][\\p{L}\\p{N}_ ]*[\\]`]$")
)

// withoutValues is a query as the audit trail may have it: with a question mark
// for every value, and without comments. What is in double quotes counts as a
// value, which SQLite takes it for when there is no such name. Where it is not
// certain what is enclosed, because databases differ, all that follows is hidden.
func withoutValues(query string) string {
	var out strings.Builder
	for query != "" {
		inside, rest, found := cutEnclosed(query)
		length := len(inside)
		switch {
		case !found, query[0] == '$', ambiguous(inside):
			return out.String() + "?"
		case length == 0:
			length = max(1, len(sqlWord.FindString(query)))
			if number := sqlNumber.FindString(query); number != "" {
				length = len(number)
				out.WriteByte('?')
			} else {
				out.WriteString(query[:length])
			}
			rest = query[length:]
		case strings.HasPrefix(inside, "--"), strings.HasPrefix(inside, "/*"):
			out.WriteByte(' ')
		case inside[0] == '\'', inside[0] == '"':
			out.WriteByte('?')
		default:
			out.WriteString(inside)
		}
		query = rest
	}
	return out.String()
}

// ambiguous reports whether what is enclosed would end elsewhere in another
// database: escapes, nested comments, and brackets that are no quotes.
func ambiguous(inside string) bool {
	switch {
	case inside == "":
		return false
	case strings.HasPrefix(inside, "/*"):
		return strings.Contains(inside[2:], "/*")
	case inside[0] == '[', inside[0] == '`':
		return !sqlQuotedName.MatchString(inside)
	case strings.HasPrefix(inside, "--"):
		return false
	}
	return strings.Contains(inside, `\`)
}
