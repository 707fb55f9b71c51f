package server

import (
	"encoding/json"
	"net/url"
	"strings"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/collections"
)

// requireSingle refuses a form that gives a field twice, of which PocketBase would
// store one value, or none.
func requireSingle(e *core.RequestEvent) error {
	collection := collections.Find(e.App, e.Request.PathValue("collection"))
	if collection == nil {
		return nil // a batch, whose requests are JSON
	}
	given := map[string]int{}
	for key, texts := range formOf(e) {
		if key != router.JSONPayloadKey {
			given[key] += len(texts)
			continue
		}
		for _, text := range texts {
			var values map[string]json.RawMessage
			_ = json.Unmarshal([]byte(text), &values) // PocketBase refuses what is no JSON
			for key := range values {
				given[key]++
			}
		}
	}
	if e.Request.MultipartForm != nil {
		for key, files := range e.Request.MultipartForm.File {
			given[key] += len(files)
		}
	}
	for key, times := range given {
		if times > 1 && !takesSeveral(collection, key) {
			return wouldAlter(key, "validation_duplicate_key", "The same key twice: only one of the values could be stored.")
		}
	}
	return nil
}

// formOf returns the values of a form that has been parsed.
func formOf(e *core.RequestEvent) url.Values {
	if e.Request.MultipartForm != nil {
		return e.Request.MultipartForm.Value
	}
	return e.Request.PostForm
}

// takesSeveral reports whether a key, with or without PocketBase's plus or minus,
// names a field that holds several values.
func takesSeveral(collection *core.Collection, key string) bool {
	field := collection.Fields.GetByName(strings.Trim(key, "+-"))
	if field == nil {
		return false
	}
	several, ok := field.(core.MultiValuer)
	return ok && several.IsMultiple() || field.Type() == core.FieldTypeJSON
}

// bindTexts refuses numbers and JSON as text, of JSON and of forms, that the field of a
// record would store as something else.
func bindTexts(app core.App) {
	check := func(e *core.RecordRequestEvent) error {
		// The body as it was sent: PocketBase has converted its own copy.
		body := map[string]any{}
		if err := e.BindBody(&body); err != nil {
			return unreadable(e.RequestEvent, err)
		}
		for key, value := range body {
			text, isText := value.(string)
			field := e.Collection.Fields.GetByName(strings.Trim(key, "+-"))
			switch {
			case !isText || field == nil:
			case field.Type() == core.FieldTypeNumber && !isExact(strings.TrimSpace(text)):
				return wouldAlter(key, "validation_inexact_number", "Integers beyond 2^53 cannot be stored exactly.")
			case field.Type() == core.FieldTypeJSON && isStructure(text):
				if err := checkLossless(strings.NewReader(text)); err != nil {
					return err
				}
			}
		}
		return e.Next()
	}
	app.OnRecordCreateRequest().BindFunc(check)
	app.OnRecordUpdateRequest().BindFunc(check)
}

// wouldAlter returns the 400 of a body whose key would be stored as something else.
func wouldAlter(key, code, message string) error {
	return router.NewBadRequestError("The body would not be stored as it was sent.", validation.Errors{key: validation.NewError(code, message)})
}
