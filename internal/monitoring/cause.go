package monitoring

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
)

// maxCause limits the length of a logged cause in bytes, enough for a stack trace.
const maxCause = 3 << 10

// quoted matches the quoted parts of a message, mostly values. The last
// alternative matches the row that PostgreSQL reports for a violated
// constraint.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"?|'[^']*'|` + "`[^`]*`" + `|=\([^)]*\)`)

// withoutValues returns the text of an error without quoted values and without
// the file names that users choose.
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
