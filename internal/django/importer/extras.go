package importer

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pocketbase/ozzo-validation/v4/is"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/django/source"
)

// extraProfile describes the values of a column, from which the type of its field is
// derived.
type extraProfile struct {
	filled, nulls int64
	longest       int // in characters, or in bytes for JSON
	// inexact is set if a number cannot be represented exactly as a float64.
	inexact      bool
	notEmail     bool
	notURL       bool
	distinct     []string
	manyDistinct bool
}

const (
	// maxDistinct and maxChoice bound the number and length of values for a select
	// field.
	maxDistinct = 16
	maxChoice   = 50
	// defaultTextLength is the limit of texts that have none in the source, as of a
	// patient's notes.
	defaultTextLength = 64 << 20
)

func (p *extraProfile) add(value any, kind source.Kind) {
	if value == nil {
		p.nulls++
		return
	}
	written, isString := value.(string)
	switch kind {
	case source.Integer, source.Float, source.Decimal:
		p.inexact = p.inexact || isString
		p.longest = max(p.longest, len(written))
		return
	case source.JSON:
		p.longest = max(p.longest, len(written))
		return
	}
	if !isString || written == "" {
		return
	}
	p.filled++
	p.longest = max(p.longest, utf8.RuneCountInString(written))
	p.notEmail = p.notEmail || is.EmailFormat.Validate(written) != nil
	p.notURL = p.notURL || !strings.Contains(written, "://") || is.URL.Validate(written) != nil
	if !p.manyDistinct && !slices.Contains(p.distinct, written) {
		p.manyDistinct = len(p.distinct) == maxDistinct || len(written) > maxChoice
		p.distinct = append(p.distinct, written)
	}
}

// choiceNames are columns that typically have choices. The database does not tell:
// Django stores choices as plain text.
var choiceNames = regexp.MustCompile(`(?i)^(.+_)?(gender|sex|blood_?group|bloodtype|maritalstatus|status|priority|severity|type|role|category)$`)

// field returns the PocketBase field for the column.
func (e *extra) field() core.Field {
	column, found := e.column, e.profile
	switch column.Kind {
	case source.Integer, source.Float, source.Decimal:
		if !found.inexact {
			return &core.NumberField{Name: e.name, OnlyInt: column.Kind == source.Integer}
		}
	case source.Bool:
		return &core.BoolField{Name: e.name}
	case source.Date, source.DateTime:
		return &core.DateField{Name: e.name}
	case source.JSON:
		return &core.JSONField{Name: e.name, MaxSize: int64(max(found.longest, 1<<20))}
	case source.Text:
		if field := e.textField(); field != nil {
			return field
		}
	}
	limit := column.Length
	if limit == 0 {
		limit = defaultTextLength
	}
	return &core.TextField{Name: e.name, Max: max(limit, found.longest)}
}

// textField returns a field for texts of a uniform format, or nil if they have none.
func (e *extra) textField() core.Field {
	found := e.profile
	const repeated = 2 // minimum average number of uses per choice
	choices := slices.Clone(e.column.Choices)
	if len(choices) == 0 && choiceNames.MatchString(e.name) && !found.manyDistinct && found.filled >= repeated*int64(len(found.distinct)) {
		choices = slices.Sorted(slices.Values(found.distinct))
	}
	switch {
	case len(choices) > 0:
		return &core.SelectField{Name: e.name, Values: choices, MaxSelect: 1}
	case found.filled > 0 && !found.notEmail:
		return &core.EmailField{Name: e.name}
	case found.filled > 0 && !found.notURL:
		return &core.URLField{Name: e.name}
	}
	return nil
}

// stored converts a staged value to the field's column format.
func stored(value any, field core.Field) any {
	switch field.(type) {
	case *core.NumberField:
		if value == nil {
			return int64(0)
		}
	case *core.BoolField:
		return value == int64(1) || value == true
	case *core.JSONField:
		return value // JSON fields keep null
	default:
		written, err := text(value)
		if err != nil {
			return "" // the column was read as text
		}
		return written
	}
	return value
}
