package routes

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/rest"
)

// appendStored appends the representation of a stored value, as valueOf returns it.
func appendStored(out []byte, field *rest.Field, stored any) []byte {
	switch value := stored.(type) {
	case int64:
		if value == 0 && field.EmptyNull {
			return append(out, "null"...)
		}
		return strconv.AppendInt(out, value, 10)
	case string:
		return appendText(out, field, value)
	case float64:
		if value == 0 && field.EmptyNull {
			return append(out, "null"...)
		}
		return rest.FloatValue(value).AppendJSON(out)
	case bool:
		return strconv.AppendBool(out, value)
	}
	return append(out, "null"...)
}

// appendText appends the representation of a stored text.
func appendText(out []byte, field *rest.Field, text string) []byte {
	if text == "" && field.EmptyNull {
		return append(out, "null"...)
	}
	begin := len(out)
	switch field.Type {
	case rest.AutoField, rest.PrimaryKey:
		if number, isNumber := rest.ParseID(text); isNumber {
			return strconv.AppendInt(out, number, 10)
		}
	case rest.DateTime:
		out = rest.AppendString(out, text)
		if i := bytes.IndexByte(out[begin:], ' '); i >= 0 {
			out[begin+i] = 'T' // as in RFC 3339
		}
		return out
	case rest.MultipleChoice:
		if text == "" {
			return append(out, "[]"...)
		}
		return appendDocument(out, text)
	case rest.JSON:
		return appendDocument(out, text)
	case rest.GeoPoint:
		var point rest.Point
		_ = json.Unmarshal([]byte(text), &point) // what is no point is read as 0, as PocketBase does
		return point.AppendJSON(out)
	case rest.PrimaryKeys:
		return appendKeys(out, text)
	}
	return rest.AppendString(out, text)
}

// appendKeys appends the representation of a stored list of ids.
func appendKeys(out []byte, text string) []byte {
	var ids []string
	_ = json.Unmarshal([]byte(text), &ids) // what is no list is empty, as for PocketBase
	out = append(out, '[')
	for i, id := range ids {
		if i > 0 {
			out = append(out, ',')
		}
		if number, isNumber := rest.ParseID(id); isNumber {
			out = strconv.AppendInt(out, number, 10)
		} else {
			out = rest.AppendString(out, id)
		}
	}
	return append(out, ']')
}

// appendDocument appends stored JSON, and what is none as a text: SQL can write it.
func appendDocument(out []byte, text string) []byte {
	var compact bytes.Buffer
	if json.Compact(&compact, []byte(text)) != nil {
		return rest.AppendString(out, text)
	}
	return append(out, compact.Bytes()...)
}

// representation returns the representation of a record that was just written.
func (s *resource) representation(r *rest.Request, record *core.Record) (rest.Object[any], error) {
	links, err := s.fileLinks(r)
	if err != nil {
		return nil, err
	}
	object := make(rest.Object[any], len(s.shown))
	for i := range s.shown {
		field := &s.shown[i]
		object[i].Key = field.Name
		switch field.Type {
		case rest.Integer:
			object[i].Value = rest.Rendered(appendStored(nil, field, int64(record.GetInt(field.Name))))
		case rest.Float:
			object[i].Value = rest.Rendered(appendStored(nil, field, record.GetFloat(field.Name)))
		case rest.Boolean:
			object[i].Value = record.GetBool(field.Name)
		case rest.AutoField:
			object[i].Value = rest.ID(record.GetString(field.Name))
		case rest.String, rest.Email, rest.URL, rest.Choice:
			object[i].Value = record.GetString(field.Name)
		case rest.File, rest.Image, rest.Files:
			object[i].Value = rest.Rendered(links.append(nil, field, record.Id, storedText(record, field.Name)))
		default:
			object[i].Value = rest.Rendered(appendText(nil, field, storedText(record, field.Name)))
		}
	}
	return object, nil
}

// rfc3339 converts a date from PocketBase's format ("2006-01-02
// 15:04:05.000Z").
func rfc3339(stored string) string {
	return strings.Replace(stored, " ", "T", 1)
}

// storedText returns the text that is stored of a value that is no number.
func storedText(record *core.Record, name string) string {
	switch value := record.GetRaw(name).(type) {
	case nil:
		return ""
	case string:
		return value
	case types.DateTime:
		return value.String()
	case types.JSONRaw:
		return string(value)
	default:
		encoded, _ := json.Marshal(value) // a list of texts, or a point
		return string(encoded)
	}
}
