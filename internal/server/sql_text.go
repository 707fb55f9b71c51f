package server

import (
	"regexp"
	"strings"
)

// enclosed lists the delimiters of strings, quoted names and comments.
var enclosed = []struct{ begin, end string }{
	{"'", "'"}, {`"`, `"`}, {"`", "`"}, {"[", "]"}, {"--", "\n"}, {"/*", "*/"},
}

// cutEnclosed cuts a string, quoted name or comment off the beginning of a query, if
// there is one. found is false if it is unterminated. A doubled quote ends one string
// and starts the next, with the same result.
func cutEnclosed(query string) (inside, rest string, found bool) {
	for _, pair := range enclosed {
		if !strings.HasPrefix(query, pair.begin) {
			continue
		}
		length := strings.Index(query[len(pair.begin):], pair.end)
		if length < 0 {
			// A line comment may be terminated by the end of the query.
			return query, "", pair.begin == "--"
		}
		end := len(pair.begin) + length + len(pair.end)
		return query[:end], query[end:], true
	}
	return "", query, true
}

var (
	// sqlWord and sqlNumber match a name or keyword, or a number, at the beginning of
	// a query.
	sqlWord   = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*`)
	sqlNumber = regexp.MustCompile(`^[0-9][\p{L}\p{N}_.]*`)
	// sqlQuotedName matches a name in brackets or backticks.
	sqlQuotedName = regexp.MustCompile("^[\\[`][\\p{L}_][\\p{L}\\p{N}_ ]*[\\]`]$")
)

// withoutValues returns a query in the form stored in the audit trail: comments
// removed, and each value replaced with a question mark. Double-quoted text counts as
// a value, because SQLite reads it as a string if no such name exists. Everything
// after text that databases would delimit differently is hidden.
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

// ambiguous reports whether another database would end the enclosed text elsewhere:
// because of escapes, nested comments, or brackets that are not quotes.
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
