// Package csvimport creates the records of a CSV file: all of them, or none with what
// is wrong by line and field.
package csvimport

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"carebase/internal/rest"
)

// maxRow is the maximum size of a row, in bytes.
const maxRow = 1 << 20

// file is a CSV file of records: a header row with the names of fields, and a row for
// each record.
type file struct {
	source *boundedReader
	table  *csv.Reader
	// request is that of the fields' own validators.
	request *rest.Request
	fields  []rest.Field
	names   []string
	// line is that of the last row.
	line int
}

// open reads the header row of a file, which is UTF-8 with or without a byte order
// mark, and separated by commas or semicolons. Problems of the header are reported.
func open(content io.Reader, request *rest.Request, fields []rest.Field, found *findings) (*file, error) {
	source := &boundedReader{reader: content, left: maxRow}
	buffered := bufio.NewReader(source)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = buffered.Discard(3) // which are there
	}
	f := &file{source: source, table: csv.NewReader(buffered), request: request, fields: fields}
	if other := otherFormat(buffered); other != "" {
		found.add(1, "", other)
		return f, nil
	}
	f.table.Comma = separator(buffered)
	f.table.FieldsPerRecord = -1
	f.table.ReuseRecord = true
	names, line, err := f.row()
	if errors.Is(err, io.EOF) {
		found.add(1, "", "The file is empty: its first line has to name the fields.")
		return f, nil
	}
	if err != nil {
		return f, found.broken(err, line)
	}
	f.names = slices.Clone(names)
	f.checkHeader(line, found)
	return f, nil
}

// otherFormat returns what a file is that spreadsheets store beside CSV in UTF-8, and what
// to do; "" for one that may be CSV.
func otherFormat(content *bufio.Reader) string {
	start, _ := content.Peek(512)
	begins := func(with string) bool { return strings.HasPrefix(string(start), with) }
	switch {
	case begins("PK\x03\x04"), begins("\xd0\xcf\x11\xe0"):
		return "This is a spreadsheet's own file (XLSX, ODS or XLS), or an archive. Save the sheet as CSV in UTF-8."
	case begins("\xff\xfe"), begins("\xfe\xff"), slices.Contains(start[:min(2, len(start))], 0):
		return "This is no UTF-8, but perhaps UTF-16 (“Unicode text”). Save the sheet as CSV in UTF-8."
	}
	return ""
}

// separator looks for the first character in the header that separates its names.
func separator(content *bufio.Reader) rune {
	start, _ := content.Peek(content.Size()) // as much as there is
	line, _, _ := strings.Cut(string(start), "\n")
	if comma, semicolon := strings.Count(line, ","), strings.Count(line, ";"); semicolon > comma {
		return ';'
	}
	return ','
}

func (f *file) checkHeader(line int, found *findings) {
	for i, name := range f.names {
		name = rest.Strip(name)
		known := slices.IndexFunc(f.fields, func(field rest.Field) bool { return strings.EqualFold(field.Name, name) })
		if known >= 0 {
			name = f.fields[known].Name
		}
		switch f.names[i] = name; {
		case slices.Contains(f.names[:i], name):
			found.add(line, name, "This field is named twice.")
		case known < 0:
			found.add(line, name, "There is no such field.")
		}
	}
	for _, field := range f.fields {
		if field.Required && !field.ReadOnly && !slices.Contains(f.names, field.Name) {
			found.add(line, field.Name, "This field is required.")
		}
	}
}

// row returns the cells of the next row and its line. The cells are valid until the
// next call.
func (f *file) row() (cells []string, line int, err error) {
	f.source.left = maxRow
	for {
		if cells, err = f.table.Read(); err != nil {
			return nil, f.line + 1, err
		}
		f.line, _ = f.table.FieldPos(0)
		if slices.ContainsFunc(cells, func(cell string) bool { return cell != "" }) {
			return cells, f.line, nil
		}
	}
}

// record returns the validated values of the next record, and its line; nil if there
// is something wrong with it, which is reported. The error is io.EOF at the end.
func (f *file) record(found *findings) (values rest.Values, line int, err error) {
	cells, line, err := f.row()
	if errors.Is(err, io.EOF) {
		return nil, line, err
	}
	if err != nil {
		return nil, line, found.broken(err, line)
	}
	if len(cells) != len(f.names) {
		found.add(line, "", fmt.Sprintf("The line has %d cells; the header names %d fields.", len(cells), len(f.names)))
		return nil, line, nil
	}
	byName := make(map[string]string, len(cells))
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			found.add(line, f.names[i], "This is no UTF-8.")
			return nil, line, nil
		}
		byName[f.names[i]] = cell
	}
	for _, field := range f.fields {
		if field.IsFile() && !field.Required {
			delete(byName, field.Name) // an export has where files are, not what is in them
		}
	}
	values, wrong, err := rest.ReadCells(f.request, f.fields, byName)
	if err != nil {
		return nil, line, err
	}
	for _, field := range wrong {
		found.add(line, field.Key, field.Value...)
	}
	if wrong != nil {
		return nil, line, nil
	}
	return values, line, nil
}

// boundedReader bounds what is read at once: quotes that are never closed would have
// the whole file taken for one cell.
type boundedReader struct {
	reader io.Reader
	left   int
}

var errRowTooLong = errors.New("a row is too long")

// Read implements io.Reader.
func (r *boundedReader) Read(data []byte) (int, error) {
	if r.left <= 0 {
		return 0, errRowTooLong
	}
	read, err := r.reader.Read(data[:min(len(data), r.left)])
	r.left -= read
	return read, err
}
