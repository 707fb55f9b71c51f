package routes

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/spf13/cast"

	"carebase/internal/rest"
)

// The codes of PocketBase's errors for a violated unique constraint, for a value that is
// missing, and for a relation to a record that is.
const (
	notUnique = "validation_not_unique"
	missing   = "validation_required"
	dangling  = "validation_missing_rel_records"
)

// saveError converts the validation errors of PocketBase and of hooks to the
// documented error shape. Field validation catches most of them earlier; races,
// PocketBase's own limits, and required fields that an object is older than, remain.
// sent are the values of the request, nil if they have other names; duplicate returns
// the error for a duplicate of the fields, and is nil if there is none.
func saveError(err error, fields []rest.Field, sent rest.Values, duplicate func(fields []string) error) error {
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
	var duplicates []string
	for _, field := range fields {
		reason, found := refused.Data[field.Name].(map[string]any)
		if !found || field.ReadOnly && reason["code"] == dangling { // the owner, whose account was deleted
			continue
		}
		if reason["code"] == notUnique {
			duplicates = append(duplicates, field.Name)
		}
		_, isSent := sent[field.Name]
		message := cast.ToString(reason["message"])
		switch {
		case sent == nil: // PocketBase's own message
		case reason["code"] == missing && !isSent:
			message = "This field is required."
		case reason["code"] == missing:
			message = "This field may not be blank."
		case field.Type == rest.Email:
			// An operator may have restricted the domains.
			message = rest.InvalidEmail
		case field.Type == rest.URL:
			message = rest.InvalidURL
		}
		answer = append(answer, rest.Entry[[]string]{Key: field.Name, Value: []string{message}})
	}
	switch {
	case answer == nil:
		return fmt.Errorf("refused for a field that the caller does not send: %w", err)
	case duplicates != nil && duplicate != nil:
		return duplicate(duplicates)
	}
	return rest.ValidationError(answer)
}

// duplicate returns the error for an object whose fields are those of another one,
// like DRF's UniqueValidator and UniqueTogetherValidator.
func (s *resource) duplicate(fields []string) error {
	if len(fields) == 1 {
		return rest.FieldInvalid(fields[0], s.Noun+" with this "+strings.ReplaceAll(fields[0], "_", " ")+" already exists.")
	}
	return rest.FieldInvalid(rest.NonFieldErrors, "The fields "+strings.Join(fields, ", ")+" must make a unique set.")
}
