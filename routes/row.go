package routes

import (
	"database/sql"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/etag"
	"carebase/internal/rest"
)

// row holds the columns of one object between the database and its
// representation, without a PocketBase record.
type row struct {
	fields   []rest.Field
	texts    []string
	integers []int64
	// createdAt and id are the row's position in a list; unset outside lists.
	createdAt, id string
	// tagColumns are the columns that the row's tag is a digest of; nil without a
	// tag.
	tagColumns []string
	tagValues  []sql.NullString
}

// columns returns the columns that destinations expects, in order.
func (s *resource) columns() []string {
	columns := make([]string, len(s.fields))
	for i, field := range s.fields {
		columns[i] = field.Name
	}
	return columns
}

func (s *resource) newRow() *row {
	return &row{fields: s.fields, texts: make([]string, len(s.fields)), integers: make([]int64, len(s.fields))}
}

// taggedRow returns a row that is read together with all columns of its record,
// so that its tag matches its content.
func (s *resource) taggedRow(app core.App) (*row, error) {
	collection, err := app.FindCachedCollectionByNameOrId(s.collection.Name)
	if err != nil {
		return nil, err
	}
	row := s.newRow()
	row.tagColumns = etag.Columns(collection)
	row.tagValues = make([]sql.NullString, len(row.tagColumns))
	return row, nil
}

// tag returns the row's entity tag.
func (w *row) tag() string { return etag.Digest(w.tagColumns, w.tagValues) }

// destinations returns the scan destinations of a query's columns, followed by
// those of the tag.
func (w *row) destinations() []any {
	destinations := make([]any, len(w.fields), len(w.fields)+len(w.tagValues)+2)
	for i, field := range w.fields {
		if field.Type == rest.Integer {
			destinations[i] = &w.integers[i]
		} else {
			destinations[i] = &w.texts[i]
		}
	}
	for i := range w.tagValues {
		destinations = append(destinations, &w.tagValues[i])
	}
	return destinations
}

// value returns the stored value of a field.
func (w *row) value(field int) any {
	if w.fields[field].Type == rest.Integer {
		return w.integers[field]
	}
	return w.texts[field]
}

// text returns the stored text of a named field; empty if there is none.
func (w *row) text(name string) string {
	for i, field := range w.fields {
		if field.Name == name {
			return w.texts[i]
		}
	}
	return ""
}

// size returns the approximate size of the row in bytes.
func (w *row) size() int64 {
	size := 0
	for _, text := range w.texts {
		size += len(text)
	}
	return int64(size)
}

// object returns the representation of the scanned row.
func (w *row) object() rest.Object[any] {
	object := make(rest.Object[any], len(w.fields))
	for i, field := range w.fields {
		object[i].Key = field.Name
		switch field.Type {
		case rest.Integer:
			object[i].Value = w.integers[i]
		case rest.DateTime:
			object[i].Value = rfc3339(w.texts[i])
		case rest.AutoField, rest.PrimaryKey:
			object[i].Value = rest.ID(w.texts[i])
		default:
			object[i].Value = w.texts[i]
		}
	}
	return object
}

// representation returns the representation of a record that was just written.
func (s *resource) representation(record *core.Record) rest.Object[any] {
	row := s.newRow()
	for i, field := range s.fields {
		if field.Type == rest.Integer {
			row.integers[i] = int64(record.GetInt(field.Name))
		} else {
			row.texts[i] = record.GetString(field.Name)
		}
	}
	return row.object()
}

// rfc3339 converts a date from PocketBase's format ("2006-01-02
// 15:04:05.000Z").
func rfc3339(stored string) string {
	return strings.Replace(stored, " ", "T", 1)
}
