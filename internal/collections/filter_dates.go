package collections

import (
	"regexp"
	"strings"
	"time"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// dateText matches a date with a time: of RFC 3339, with a space in the place of
// its T, or without seconds, fraction or offset.
var dateText = regexp.MustCompile(`\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}`)

// dateLayouts are the layouts of such a date, once its letters are capitals.
var dateLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04",
}

// StoredDates returns a filter or a rule of a collection in which the dates that
// date fields are compared with are written as they are stored. PocketBase compares
// them as text. A filter that does not parse is returned as it is.
func StoredDates(app core.App, from *core.Collection, filter string) string {
	if from == nil || !dateText.MatchString(filter) {
		return filter
	}
	rewriting := dateRewriting{app: app, from: from}
	text, err := rewriting.filter(filter)
	if err != nil || !rewriting.changed {
		return filter
	}
	return text
}

// dateRewriting writes a filter again, token by token.
type dateRewriting struct {
	app     core.App
	from    *core.Collection
	changed bool
}

func (w *dateRewriting) filter(text string) (string, error) {
	var tokens []fexpr.Token
	for scanner := fexpr.NewScanner([]byte(text)); ; {
		token, err := scanner.Scan()
		if err != nil {
			return "", err
		}
		if token.Type == fexpr.TokenEOF {
			break
		}
		if token.Type != fexpr.TokenWS && token.Type != fexpr.TokenComment {
			tokens = append(tokens, token)
		}
	}
	for i := 1; i+1 < len(tokens); i++ {
		if tokens[i].Type == fexpr.TokenSign {
			w.compare(tokens[i-1], &tokens[i+1])
			w.compare(tokens[i+1], &tokens[i-1])
		}
	}
	var out strings.Builder
	for i, token := range tokens {
		if i > 0 {
			out.WriteByte(' ')
		}
		if token.Type == fexpr.TokenGroup {
			inner, err := w.filter(token.Literal)
			if err != nil {
				return "", err
			}
			token.Literal = inner
		}
		out.WriteString(tokenText(token))
	}
	return out.String(), nil
}

// compare converts a text that is compared with a date field.
func (w *dateRewriting) compare(operand fexpr.Token, text *fexpr.Token) {
	if operand.Type != fexpr.TokenIdentifier || text.Type != fexpr.TokenText {
		return
	}
	if stored, isDate := storedDate(text.Literal); isDate && stored != text.Literal && w.isDateField(operand.Literal) {
		text.Literal, w.changed = stored, true
	}
}

// isDateField reports whether a path leads to dates, whatever it starts with, and
// without a modifier such as :lower.
func (w *dateRewriting) isDateField(path string) bool {
	if strings.Contains(path[strings.LastIndexByte(path, '.')+1:], ":") {
		return false
	}
	targets, err := Targets(w.app, w.from, path)
	if err != nil || len(targets) == 0 {
		return false
	}
	for _, target := range targets {
		if target.Collection == nil {
			return false
		}
		switch target.Collection.Fields.GetByName(target.Field).(type) {
		case *core.DateField, *core.AutodateField:
		default:
			return false
		}
	}
	return true
}

// storedDate returns a date as PocketBase stores it. One without an offset is in
// UTC.
func storedDate(text string) (stored string, isDate bool) {
	if !dateText.MatchString(text) {
		return "", false
	}
	normal := strings.ToUpper(text[:10] + "T" + text[11:])
	for _, layout := range dateLayouts {
		if at, err := time.Parse(layout, normal); err == nil {
			return at.UTC().Format(types.DefaultDateLayout), true
		}
	}
	return "", false
}

// tokenText returns a token as the filter's scanner reads it.
func tokenText(token fexpr.Token) string {
	switch token.Type {
	case fexpr.TokenText:
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(token.Literal) + "'"
	case fexpr.TokenGroup:
		return "(" + token.Literal + ")"
	case fexpr.TokenFunction:
		arguments, _ := token.Meta.([]fexpr.Token)
		texts := make([]string, len(arguments))
		for i, argument := range arguments {
			texts[i] = tokenText(argument)
		}
		return token.Literal + "(" + strings.Join(texts, ",") + ")"
	}
	return token.Literal
}
