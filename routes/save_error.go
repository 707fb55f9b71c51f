package routes

import (
	"errors"
	"fmt"

	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/spf13/cast"

	"carebase/internal/rest"
)

// notUnique is PocketBase's code for a value that another record has.
const notUnique = "validation_not_unique"

// saveError gives what PocketBase or a hook found wrong with a record its
// place in the documented error shape. Most is found by the fields before; what
// is left are races and PocketBase's own limits. onNotUnique is the answer to a
// row that is there already.
func saveError(err error, fields []rest.Field, onNotUnique error) error {
	var refused *router.ApiError
	if !errors.As(err, &refused) {
		// PocketBase's own reading of a validation error; empty for any other.
		refused = router.NewBadRequestError("", err)
	}
	if len(refused.Data) == 0 {
		return err
	}
	var answer rest.FieldErrors
	for _, field := range fields {
		reason, found := refused.Data[field.Name].(map[string]any)
		if !found {
			continue
		}
		if reason["code"] == notUnique && onNotUnique != nil {
			return onNotUnique
		}
		message := cast.ToString(reason["message"])
		if field.Type == rest.Email {
			// PocketBase refuses some addresses that Django accepts.
			message = rest.InvalidEmail
		}
		answer = append(answer, rest.Entry[[]string]{Key: field.Name, Value: []string{message}})
	}
	if answer == nil {
		return fmt.Errorf("refused for a field that the caller does not send: %w", err)
	}
	return rest.ValidationError(answer)
}
