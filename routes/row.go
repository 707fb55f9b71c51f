package routes

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/etag"
	"carebase/internal/query"
	"carebase/internal/rest"
)

// selection is what a query reads of each row of a resource.
type selection struct {
	fields []rest.Field
	// columns are those of the fields in order, followed by what else is read.
	columns []string
	// tagColumns are the columns that the row's tag is a digest of, and tagPlaces
	// where they are among columns; nil without a tag.
	tagColumns []string
	tagPlaces  []int
	// showsTag adds the tag to the representation.
	showsTag bool
	// files makes the addresses of files; nil without files.
	files *fileLinks
	// gone are the columns that the collection has lost since; nil if there are none.
	gone map[int]bool
}

// selection returns the selection of the fields and further columns.
func (s *resource) selection(more ...string) *selection {
	selected := &selection{fields: s.shown, columns: make([]string, 0, len(s.shown)+len(more))}
	for i := range s.shown {
		selected.columns = append(selected.columns, s.shown[i].Name)
	}
	for _, column := range more {
		selected.place(column)
	}
	return selected
}

// place returns where a column is among those that are read, and adds it if it is
// not.
func (s *selection) place(column string) int {
	if i := slices.Index(s.columns, column); i >= 0 {
		return i
	}
	s.columns = append(s.columns, column)
	return len(s.columns) - 1
}

// withTag reads rows together with all columns of their record, so that their tag
// matches their content.
func (s *selection) withTag(collection *core.Collection) *selection {
	s.tagColumns = etag.Columns(collection)
	s.tagPlaces = make([]int, len(s.tagColumns))
	for i, column := range s.tagColumns {
		s.tagPlaces[i] = s.place(column)
	}
	return s
}

// withFiles returns the selection with the addresses of files for a request.
func (s *selection) withFiles(of *resource, r *rest.Request) (*selection, error) {
	links, err := of.fileLinks(r)
	if links == nil || err != nil {
		return s, err
	}
	linked := *s
	linked.files = links
	return &linked, nil
}

// within returns the selection for a collection that may have lost some of the fields
// since the request began: they read as if nothing were stored.
func (s *selection) within(collection *core.Collection) *selection {
	reduced := *s
	reduced.columns, reduced.gone = slices.Clone(s.columns), map[int]bool{}
	for i, column := range reduced.columns {
		if collection.Fields.GetByName(column) == nil {
			reduced.columns[i], reduced.gone[i] = core.FieldNameId, true
		}
	}
	if len(reduced.gone) == 0 {
		return s
	}
	return &reduced
}

// lostColumns reports whether a query has failed because the collection has no such
// column any more.
func lostColumns(err error) bool {
	return err != nil && strings.Contains(err.Error(), "no such column")
}

// row is one object between the database and its representation, without a
// PocketBase record.
type row struct {
	*selection
	// values are those of the columns, as the driver returns them.
	values []any
}

// scanner reads the rows of a selection.
type scanner struct {
	*selection
	values, destinations []any
}

func (s *selection) scanner() *scanner {
	reading := &scanner{selection: s, values: make([]any, len(s.columns)), destinations: make([]any, len(s.columns))}
	for i := range reading.values {
		reading.destinations[i] = &reading.values[i]
	}
	return reading
}

// row returns the row that was scanned into the destinations.
func (s *scanner) row() row {
	scanned := row{s.selection, slices.Clone(s.values)}
	for i := range s.gone {
		scanned.values[i] = nil
	}
	return scanned
}

// valueOf returns a stored value as its field has it: an int64, a float64, a bool or a
// string.
func valueOf(field *rest.Field, stored any) any {
	switch stored.(type) {
	case string:
		if !field.IsNumber() {
			return stored
		}
	case int64:
		if field.Type == rest.Integer {
			return stored
		}
	}
	text, _ := query.Text(stored)
	switch field.Type {
	case rest.Integer:
		return integerOf(text)
	case rest.Float:
		number, _ := strconv.ParseFloat(text, 64) // what is no number is read as 0, as PocketBase does
		return number
	case rest.Boolean:
		return text == "true" || text == "1"
	}
	return text
}

// maxStored bounds the floats that are converted to integers.
const maxStored = 1 << 62

// integerOf returns the integer that a stored number is. Numbers are stored as floats, and
// may be older than the setting that they have no decimals: these are dropped. What is no
// number is read as 0, as PocketBase does.
func integerOf(text string) int64 {
	if number, err := strconv.ParseInt(text, 10, 64); err == nil {
		return number
	}
	number, _ := strconv.ParseFloat(text, 64)
	return int64(max(-maxStored, min(number, maxStored)))
}

// compared returns the value of a field as queries compare it.
func (w row) compared(i int) any {
	if number, isFloat := w.values[i].(float64); isFloat {
		return number
	}
	return valueOf(&w.fields[i], w.values[i])
}

// tag returns the row's entity tag.
func (w row) tag() string {
	return etag.Digest(w.tagColumns, func(column int) string {
		text, _ := query.Text(w.values[w.tagPlaces[column]])
		return text
	})
}

// text returns the stored text in a column; empty if the row does not have it.
func (w row) text(column string) string {
	i := slices.Index(w.columns, column)
	if i < 0 {
		return ""
	}
	text, _ := query.Text(w.values[i])
	return text
}

func (w row) id() string { return w.text(core.FieldNameId) }

// size returns the approximate size of the row in bytes.
func (w row) size() int64 {
	size := 0
	for _, value := range w.values {
		if text, ok := value.(string); ok {
			size += len(text)
		}
	}
	return int64(size)
}

// AppendJSON implements rest.Appender: it appends the representation.
func (w row) AppendJSON(out []byte) []byte {
	separator := byte('{')
	for i := range w.fields {
		field := &w.fields[i]
		out = append(rest.AppendString(append(out, separator), field.Name), ':')
		separator = ','
		if w.files != nil && field.IsFile() {
			out = w.files.append(out, field, w.id(), w.text(field.Name))
			continue
		}
		out = appendStored(out, field, valueOf(field, w.values[i]))
	}
	if w.showsTag {
		out = rest.AppendString(append(rest.AppendString(append(out, ','), tagKey), ':'), w.tag())
	}
	return append(out, '}')
}
