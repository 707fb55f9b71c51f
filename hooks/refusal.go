package hooks

import "github.com/pocketbase/pocketbase/tools/router"

// refusal is the reason a field's value is rejected, in PocketBase's shape.
type refusal struct{ code, message string }

// Code returns the stable name of the reason.
func (r refusal) Code() string { return r.code }

// Error returns the reason in words.
func (r refusal) Error() string { return r.message }

// refuse returns a 400 response that names one field of a record.
func refuse(field, code, message string) error {
	return router.NewBadRequestError("The record is not valid.", map[string]router.SafeErrorItem{
		field: refusal{code: code, message: message},
	})
}
