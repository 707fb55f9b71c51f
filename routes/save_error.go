package routes

import (
	"errors"
	"fmt"

	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/spf13/cast"

	"carebase/internal/rest"
)

// notUnique is PocketBase's error code for a violated unique constraint.
const notUnique = "validation_not_unique"

// saveError converts the validation errors of PocketBase and of hooks to the
// documented error shape. Field validation catches most of them earlier; races
// and PocketBase's own limits remain. onNotUnique, if not nil, is returned for
// a duplicate.
func saveError(err error, fields []rest.Field, onNotUnique error) error {
	var refused *router.ApiError
	if !errors.As(err, &refused) {
		// Extracts PocketBase's validation errors; Data is empty for any other
		// error.
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
			// An operator may have restricted the domains.
			message = rest.InvalidEmail
		}
		answer = append(answer, rest.Entry[[]string]{Key: field.Name, Value: []string{message}})
	}
	if answer == nil {
		return fmt.Errorf("refused for a field that the caller does not send: %w", err)
	}
	return rest.ValidationError(answer)
}
