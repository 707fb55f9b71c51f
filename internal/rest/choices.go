package rest

import (
	"encoding/json"
	"fmt"
	"slices"
)

func (f *Field) convertChoice(raw any) (any, []string) {
	text := pythonText(raw)
	if slices.Contains(f.Choices, text) || text == "" && f.AllowBlank {
		return text, nil
	}
	return nil, []string{invalidChoice(text)}
}

// convertChoices validates a list of choices. A choice counts once, as in a set.
func (f *Field) convertChoices(raw any) (any, []string) {
	items, ok := itemsOf(raw)
	switch {
	case !ok:
		return nil, []string{notList(raw)}
	case len(items) == 0 && !f.AllowBlank:
		return nil, []string{"This selection may not be empty."}
	}
	chosen := []string{}
	for _, item := range items {
		text := pythonText(item)
		if !slices.Contains(f.Choices, text) {
			return nil, []string{invalidChoice(text)}
		}
		if !slices.Contains(chosen, text) {
			chosen = append(chosen, text)
		}
	}
	if f.MaxLength > 0 && len(chosen) > f.MaxLength {
		return nil, []string{tooManyItems(f.MaxLength)}
	}
	return chosen, nil
}

func invalidChoice(text string) string { return fmt.Sprintf("\"%s\" is not a valid choice.", text) }

func notList(raw any) string {
	return fmt.Sprintf("Expected a list of items but got type \"%s\".", pythonType(raw))
}

func tooManyItems(limit int) string {
	return fmt.Sprintf("Ensure this field has no more than %d elements.", limit)
}

// pythonText returns Python's str() of a value.
func pythonText(raw any) string {
	switch raw := raw.(type) {
	case nil:
		return "None"
	case bool:
		if raw {
			return "True"
		}
		return "False"
	case json.Number:
		return pythonNumber(raw.String())
	case surrogateText:
		return raw.text
	case list, dictionary:
		return pythonRepr(raw)
	}
	return fmt.Sprint(raw)
}

// itemsOf returns the items of a list; ok is false for another value. Of an object,
// these are its keys, as in Python.
func itemsOf(raw any) (items []any, ok bool) {
	switch raw := raw.(type) {
	case []any:
		return raw, true
	case list:
		scanner := jsonScanner{text: []byte(raw.text)}
		_, _ = scanner.array(0, func(item []byte) { items = append(items, decodeJSON(item)) }) // it is valid
		return items, true
	case dictionary:
		scanner := jsonScanner{text: []byte(raw.text)}
		_, _ = scanner.object(0, func(key, _ []byte) { items = append(items, decodeString(key)) }) // it is valid
		return items, true
	}
	return nil, false
}
