package rest

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// generatedID matches the ids that PocketBase generates, which records have that were
// created before ids were numbers.
var generatedID = regexp.MustCompile(`^[a-z0-9]{15}$`)

// IsGeneratedID reports whether a stored id may be of a record from before ids were
// numbers.
func IsGeneratedID(stored string) bool {
	_, _, isInteger := pythonInteger(stored)
	return generatedID.MatchString(stored) && !isInteger
}

// ParseID returns the number that a stored id is; ok is false for another id.
func ParseID(stored string) (number int64, ok bool) {
	number, err := strconv.ParseInt(stored, 10, 64)
	return number, err == nil && number > 0 && stored[0] != '0' && stored[0] != '+'
}

// ID returns the representation of a stored id: a number, unless it was generated
// before ids were numbers.
func ID(stored string) any {
	if number, ok := ParseID(stored); ok {
		return number
	}
	return stored
}

// convertPrimaryKey converts an id to the text that is stored, whether it exists or
// not. Like Django it drops the fraction of a float.
func convertPrimaryKey(raw any) (any, []string) {
	switch raw := raw.(type) {
	case string:
		if id, ok := storedID(raw); ok {
			return id, nil
		}
	case json.Number:
		text := pythonNumber(raw.String())
		if pythonType(raw) == "float" {
			if number, err := strconv.ParseFloat(text, 64); err == nil {
				return strconv.FormatFloat(math.Trunc(number), 'f', 0, 64), nil
			}
		}
		if id, ok := storedID(text); ok {
			return id, nil
		}
	}
	return nil, []string{incorrectPrimaryKey(raw)}
}

// storedID converts the text of an id to the text that is stored: digits without
// leading zeros, or an id that PocketBase generated.
func storedID(text string) (string, bool) {
	digits, negative, ok := pythonInteger(text)
	switch {
	case !ok:
		return text, generatedID.MatchString(text)
	case len(digits) > maxIntegerDigits:
		return "", false
	case negative:
		return "-" + digits, true
	}
	return digits, true
}

func incorrectPrimaryKey(raw any) string {
	return "Incorrect type. Expected pk value, received " + pythonType(raw) + "."
}

// InvalidPrimaryKey returns DRF's message for an id, as it was sent, of an object that
// does not exist or that the caller may not see.
func InvalidPrimaryKey(raw any) string {
	shown := fmt.Sprint(raw)
	switch raw := raw.(type) {
	case json.Number:
		shown = pythonNumber(raw.String())
	case string:
		if _, _, isInteger := pythonInteger(raw); !isInteger {
			return incorrectPrimaryKey(raw)
		}
	}
	return NoSuchObject(shown)
}

// listOf returns the items of a list, unless they are none or too many.
func (f *Field) listOf(raw any) (items []any, messages []string) {
	items, ok := itemsOf(raw)
	switch {
	case !ok:
		return nil, []string{notList(raw)}
	case len(items) == 0 && f.Required:
		return nil, []string{"This list may not be empty."}
	case f.MaxLength > 0 && len(items) > f.MaxLength:
		return nil, []string{tooManyItems(f.MaxLength)}
	}
	return items, nil
}

// convertPrimaryKeys converts a list of ids to the texts that are stored. An id counts
// once.
func (f *Field) convertPrimaryKeys(raw any) (any, []string) {
	items, messages := f.listOf(raw)
	if messages != nil {
		return nil, messages
	}
	if len(items) < f.MinLength {
		return nil, []string{fmt.Sprintf("Ensure this field has at least %d elements.", f.MinLength)}
	}
	ids := []string{}
	for _, item := range items {
		if item == nil {
			return nil, []string{NoSuchObject("None")}
		}
		id, messages := convertPrimaryKey(item)
		if messages != nil {
			return nil, messages
		}
		if text := id.(string); !slices.Contains(ids, text) {
			ids = append(ids, text)
		}
	}
	return ids, nil
}

// keyAsSent returns a stored id as a client sends it.
func keyAsSent(id string) any {
	if _, isNumber := ParseID(id); isNumber {
		return json.Number(id)
	}
	return id
}

// NoSuchObject returns DRF's message for an id that names no object.
func NoSuchObject(id string) string {
	return fmt.Sprintf("Invalid pk \"%s\" - object does not exist.", id)
}

// noSuchPath is the body of a 404 for a path that has no view.
const noSuchPath = `<!doctype html>
<html lang="en">
<head><title>Not Found</title></head>
<body><h1>Not Found</h1><p>There is nothing at this address.</p></body>
</html>
`

// respondNoSuchPath answers like Django's URL resolver, which knows nothing of
// representations.
func (r *Request) respondNoSuchPath() error {
	r.passOverBody()
	r.Response.Header().Set("Content-Type", "text/html; charset=utf-8")
	r.Response.WriteHeader(http.StatusNotFound)
	_, err := responseBody{r}.Write([]byte(noSuchPath))
	return err
}

// pathInteger matches what Django's path converter int matches.
var pathInteger = regexp.MustCompile(`^[0-9]+$`)

// resolve sets the ids in the path to the text that is stored. It returns false if
// there is no such path, as Django's URL resolver for text where an integer belongs.
func (r *Request) resolve() bool {
	for _, field := range r.View.Path {
		if field.Type != AutoField {
			continue
		}
		text := r.Request.PathValue(field.Name)
		id, ok := storedID(text)
		if !ok || !pathInteger.MatchString(text) && !generatedID.MatchString(text) {
			return false
		}
		r.Request.SetPathValue(field.Name, id)
	}
	return true
}
