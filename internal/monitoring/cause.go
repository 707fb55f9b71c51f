package monitoring

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
)

// maxCause is how much of a cause is logged, in bytes: a stack, and what failed.
const maxCause = 3 << 10

// quoted is what a message quotes: values, mostly. The last is how PostgreSQL
// names the row that a constraint refuses.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"?|'[^']*'|` + "`[^`]*`" + `|=\([^)]*\)`)

// withoutValues is the text of an error without the values that it may quote and
// the names of files, which people choose.
func withoutValues(err error) string {
	text := err.Error()
	var file *fs.PathError
	if errors.As(err, &file) && file.Path != "" {
		text = strings.ReplaceAll(text, file.Path, "…")
	}
	text = quoted.ReplaceAllString(text, "…")
	if len(text) > maxCause {
		text = strings.ToValidUTF8(text[:maxCause], "") + "…"
	}
	return text
}
