package hooks

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cast"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

// bindIntegers rejects required integers that are missing or not a number.
// PocketBase reads both as 0, which as an age means a newborn.
func bindIntegers(app core.App) {
	for _, collection := range collections.All() {
		if collection.Resource == nil {
			continue
		}
		for _, field := range collection.Resource.Fields {
			if field.Type != rest.Integer || !field.Required {
				continue
			}
			app.OnRecordCreateRequest(collection.Name).BindFunc(func(e *core.RecordRequestEvent) error {
				return requireInteger(e, field.Name, true)
			})
			app.OnRecordUpdateRequest(collection.Name).BindFunc(func(e *core.RecordRequestEvent) error {
				return requireInteger(e, field.Name, false)
			})
		}
	}
}

func requireInteger(e *core.RecordRequestEvent, name string, required bool) error {
	// The raw body: the record already holds PocketBase's conversion of it.
	body := map[string]any{}
	if err := e.BindBody(&body); err != nil {
		return e.BadRequestError("An error occurred while loading the submitted data.", err)
	}
	value, given := body[name]
	if !given && !required {
		return e.Next()
	}
	_, isBool := value.(bool)
	_, err := cast.ToFloat64E(value)
	switch {
	case value == nil, value == "":
		return refuse(name, "validation_required", "Cannot be blank.")
	case isBool, err != nil:
		return refuse(name, "validation_invalid_integer", "A valid integer is required.")
	}
	return e.Next()
}
