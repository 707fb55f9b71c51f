package csvimport

import (
	"maps"
	"slices"

	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/spf13/cast"

	"carebase/internal/rest"
)

// Refusal returns what the validation of a record has refused, by field; nil for any
// other error.
func Refusal(err error) error {
	// Extracts PocketBase's validation errors; Data is empty for any other error.
	data := router.NewBadRequestError("", err).Data
	if err == nil || len(data) == 0 {
		return nil
	}
	var fields rest.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(data)) {
		reason, _ := data[name].(map[string]any)
		fields = append(fields, rest.Entry[[]string]{Key: name, Value: []string{cast.ToString(reason["message"])}})
	}
	return rest.ValidationError(fields)
}
