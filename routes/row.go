package routes

import (
	"fmt"
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
	// values are those of the columns, as the driver returns them; those of the
	// fields are as valueOf returns them.
	values []any
	// tag is the row's entity tag, of the values as they are stored; empty without one.
	tag string
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
func (s *scanner) row() (row, error) {
	scanned := row{selection: s.selection, values: slices.Clone(s.values)}
	if s.tagColumns != nil {
		scanned.tag = etag.Digest(s.tagColumns, func(column int) string {
			text, _ := query.Text(s.values[s.tagPlaces[column]])
			return text
		})
	}
	for i := range s.gone {
		scanned.values[i] = zero(s.fields, i)
	}
	for i := range s.fields {
		if s.gone[i] {
			continue
		}
		var err error
		if scanned.values[i], err = valueOf(&s.fields[i], s.values[i]); err != nil {
			return row{}, err
		}
	}
	return scanned, nil
}

// zero returns the value of a field that is not stored; nil for a column of no field.
func zero(fields []rest.Field, i int) any {
	if i >= len(fields) {
		return nil
	}
	switch fields[i].Type {
	case rest.Integer:
		return int64(0)
	case rest.Float:
		return 0.0
	case rest.Boolean:
		return false
	}
	return ""
}

// valueOf returns a stored value as its field has it: an int64, a float64, a bool or a
// string.
func valueOf(field *rest.Field, stored any) (any, error) {
	switch stored.(type) {
	case string:
		if !field.IsNumber() {
			return stored, nil
		}
	case int64:
		if field.Type == rest.Integer {
			return stored, nil
		}
	}
	text, _ := query.Text(stored)
	switch field.Type {
	case rest.Integer:
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is no integer: %w", field.Name, err)
		}
		return number, nil
	case rest.Float:
		number, _ := strconv.ParseFloat(text, 64) // what is no number is read as 0, as PocketBase does
		return number, nil
	case rest.Boolean:
		return text == "true" || text == "1", nil
	}
	return text, nil
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
		out = appendStored(out, field, w.values[i])
	}
	if w.showsTag {
		out = rest.AppendString(append(rest.AppendString(append(out, ','), tagKey), ':'), w.tag)
	}
	return append(out, '}')
}
