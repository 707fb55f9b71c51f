package hooks

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cast"

	"carebase/migrations"
)

// bindAges refuses an age that is missing or no number. PocketBase reads both
// as 0, which here is a newborn.
func bindAges(app core.App) {
	app.OnRecordCreateRequest(migrations.Patients).BindFunc(func(e *core.RecordRequestEvent) error {
		return requireAge(e, true)
	})
	app.OnRecordUpdateRequest(migrations.Patients).BindFunc(func(e *core.RecordRequestEvent) error {
		return requireAge(e, false)
	})
}

func requireAge(e *core.RecordRequestEvent, required bool) error {
	// The body as it was sent: the record has PocketBase's reading of it.
	body := map[string]any{}
	if err := e.BindBody(&body); err != nil {
		return e.BadRequestError("An error occurred while loading the submitted data.", err)
	}
	age, given := body["age"]
	if !given && !required {
		return e.Next()
	}
	_, isBool := age.(bool)
	_, err := cast.ToFloat64E(age)
	switch {
	case age == nil, age == "":
		return refuse("age", "validation_required", "Cannot be blank.")
	case isBool, err != nil:
		return refuse("age", "validation_invalid_integer", "A valid integer is required.")
	}
	return e.Next()
}
