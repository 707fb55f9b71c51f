package rest

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"iter"
	"net/http"
	"path"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ListRenderers are the representations of a list that spreadsheets can open, too.
var ListRenderers = []Renderer{
	defaultRenderers[0], defaultRenderers[1],
	{MediaType: csvMediaType, Format: "csv", encoding: asCSV},
}

// JSONRenderers are those of what is no page.
var JSONRenderers = defaultRenderers[:1]

const csvMediaType = "text/csv"

// ForSpreadsheets reports whether the response is a CSV file.
func (r *Request) ForSpreadsheets() bool {
	return r.accepted.renderer.encoding == asCSV
}

// inJSON renders as JSON what is no list: an error, or one object.
func (r *Request) inJSON() {
	if r.ForSpreadsheets() {
		r.accepted = defaultAccepted
	}
}

// formula matches a text that a spreadsheet takes for a formula, or for one that was
// made harmless.
var formula = regexp.MustCompile("^'*[=+\\-@\t\r]")

// harmless returns a text as a cell that no spreadsheet evaluates: an apostrophe says
// that it is a text.
func harmless(text string) string {
	if formula.MatchString(text) {
		return "'" + text
	}
	return text
}

// CellText returns the text of a cell of a CSV file that a list was answered with.
func CellText(cell string) string {
	if text, found := strings.CutPrefix(cell, "'"); found && formula.MatchString(text) {
		return text
	}
	return cell
}

// respondCSV answers with the items, objects, as a CSV file with a header row of the
// fields' names, in UTF-8. It is streamed and ended as RespondList's answer is. Texts
// that spreadsheets would evaluate are made harmless.
func (r *Request) respondCSV(items iter.Seq2[any, error]) error {
	var columns []string
	var documents []bool
	for _, field := range r.View.Fields {
		if !field.WriteOnly {
			columns, documents = append(columns, field.Name), append(documents, field.Type == JSON)
		}
	}
	var buffer bytes.Buffer
	table := csv.NewWriter(&buffer)
	if err := table.Write(columns); err != nil {
		return err
	}
	sent := false
	flush := func() error {
		table.Flush()
		if !sent {
			r.passOverBody()
			header := r.Response.Header()
			header.Set("Content-Disposition", `attachment; filename="`+path.Base(r.Request.URL.Path)+`.csv"`)
			header.Set("Content-Type", csvMediaType+"; charset=utf-8")
			r.Response.WriteHeader(http.StatusOK)
			sent = true
		}
		_, err := responseBody{r}.Write(buffer.Bytes())
		buffer.Reset()
		return err
	}
	cells := make([]string, len(columns))
	for item, err := range items {
		if err == nil {
			err = readCells(item, columns, documents, cells)
		}
		if err == nil {
			err = table.Write(cells)
		}
		if table.Flush(); err == nil && buffer.Len() >= listBuffer {
			err = flush()
			r.yield()
		}
		if err != nil {
			if !sent {
				return err
			}
			r.Set(failureKey, err)
			panic(http.ErrAbortHandler)
		}
	}
	return flush()
}

// readCells sets the cells of an object: the texts and numbers of its JSON, and what
// is neither, or a document, as JSON.
func readCells(item any, columns []string, documents []bool, cells []string) error {
	clear(cells)
	encoded, err := encode(item)
	if err != nil {
		return err
	}
	decoder := jsontext.NewDecoder(bytes.NewReader(encoded))
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for decoder.PeekKind() == '"' {
		name, err := decoder.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		value, err := decoder.ReadValue()
		if err != nil {
			return err
		}
		for i, column := range columns {
			if column == key {
				if cells[i], err = cellOf(value, documents[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func cellOf(value jsontext.Value, isDocument bool) (string, error) {
	switch kind := value.Kind(); {
	case kind == 'n':
		return "", nil
	case kind == '"' && !isDocument:
		var text string
		err := json.Unmarshal(value, &text)
		return harmless(text), err
	}
	return string(value), nil
}

// ReadCells validates the cells of one row, by the names of the fields, as a form with
// these texts. An empty cell is an empty input. The field errors are nil if all are
// valid. The request is that of the fields' own validators.
func ReadCells(r *Request, fields []Field, cells map[string]string) (Values, FieldErrors, error) {
	data := Data{values: make(map[string]any, len(cells)), html: true}
	for name, cell := range cells {
		data.values[name] = CellText(cell)
	}
	values := Values{}
	var wrong FieldErrors
	for i := range fields {
		field := &fields[i]
		if field.ReadOnly {
			continue
		}
		data.setCell(field)
		value, present, messages := field.read(data, false)
		if parts, invalid := value.(FieldErrors); invalid {
			for _, part := range parts {
				messages = append(messages, part.Value...)
			}
		}
		further, err := field.validate(r, value, data, messages)
		if err != nil {
			return nil, nil, err
		}
		if messages = append(further, messages...); messages != nil {
			wrong = append(wrong, Entry[[]string]{Key: field.Name, Value: messages})
		} else if present {
			values[field.Name] = value
		}
	}
	return values, wrong, nil
}

// setCell reads the cell of a field whose values are lists or objects: their JSON, as a
// list is answered with them.
func (d *Data) setCell(field *Field) {
	cell, _ := d.values[field.Name].(string)
	switch field.Type {
	case MultipleChoice, PrimaryKeys, GeoPoint:
	default:
		return
	}
	if d.lists == nil {
		d.lists = map[string][]any{}
	}
	if cell == "" {
		d.lists[field.Name] = []any{}
		return
	}
	scanner := jsonScanner{text: []byte(cell)}
	value, err := scanner.document(nil)
	if err != nil {
		return // which the field refuses
	}
	decoded := decodeJSON(value)
	d.values[field.Name] = decoded
	if items, isList := itemsOf(decoded); isList {
		d.lists[field.Name] = items
	}
}

// Sends reports whether the request's body is of a media type.
func (r *Request) Sends(mediaType string) bool {
	return parseMediaRange(r.Request.Header.Get("Content-Type")).matches(mediaType)
}
