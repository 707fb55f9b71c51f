package collections

import (
	"regexp"
	"strings"
	"time"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/rest"
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
	if from == nil || !dateText.MatchString(filter) && from.Name != AuditEvents {
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

// compare converts a text, or a name such as @now, that is compared with a date field.
func (w *dateRewriting) compare(operand fexpr.Token, compared *fexpr.Token) {
	if operand.Type != fexpr.TokenIdentifier {
		return
	}
	at, isDate := dateOf(*compared)
	if !isDate {
		return
	}
	layout := w.layoutOf(operand.Literal)
	if layout == "" || layout == types.DefaultDateLayout && compared.Type != fexpr.TokenText {
		return
	}
	if stored := at.UTC().Format(layout); stored != compared.Literal {
		*compared, w.changed = fexpr.Token{Type: fexpr.TokenText, Literal: stored}, true
	}
}

// layoutOf returns how the dates that a path leads to are stored, whatever it starts
// with, and without a modifier such as :lower; empty if they are none.
func (w *dateRewriting) layoutOf(path string) (layout string) {
	if strings.Contains(path[strings.LastIndexByte(path, '.')+1:], ":") {
		return ""
	}
	targets, err := Targets(w.app, w.from, path)
	if err != nil {
		return ""
	}
	for _, target := range targets {
		found := target.dateLayout()
		if found == "" || layout != "" && layout != found {
			return ""
		}
		layout = found
	}
	return layout
}

func (t Target) dateLayout() string {
	if t.Collection == nil {
		return ""
	}
	switch t.Collection.Fields.GetByName(t.Field).(type) {
	case *core.DateField, *core.AutodateField:
		return types.DefaultDateLayout
	}
	if t.Collection.Name == AuditEvents && t.Field == "recorded_at" {
		return rest.AnsweredTime // they are texts
	}
	return ""
}

// dateOf returns the date of a text or a name. One without an offset is in UTC.
func dateOf(token fexpr.Token) (at time.Time, isDate bool) {
	switch {
	case token.Type == fexpr.TokenIdentifier:
		return namedDate(token.Literal)
	case token.Type != fexpr.TokenText || !dateText.MatchString(token.Literal):
		return at, false
	}
	normal := strings.ToUpper(token.Literal[:10] + "T" + token.Literal[11:])
	for _, layout := range dateLayouts {
		if at, err := time.Parse(layout, normal); err == nil {
			return at, true
		}
	}
	return at, false
}

// namedDate returns the date that PocketBase has a name for in filters.
func namedDate(name string) (at time.Time, isDate bool) {
	now := time.Now().UTC()
	year, month, day := now.Date()
	start := func(year int, month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	switch name {
	case "@now":
		return now, true
	case "@yesterday":
		return now.AddDate(0, 0, -1), true
	case "@tomorrow":
		return now.AddDate(0, 0, 1), true
	case "@todayStart":
		return start(year, month, day), true
	case "@todayEnd":
		return start(year, month, day+1).Add(-1), true
	case "@monthStart":
		return start(year, month, 1), true
	case "@monthEnd":
		return start(year, month+1, 1).Add(-1), true
	case "@yearStart":
		return start(year, 1, 1), true
	case "@yearEnd":
		return start(year+1, 1, 1).Add(-1), true
	}
	return at, false
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
