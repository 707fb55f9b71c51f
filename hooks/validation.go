package hooks

import (
	"errors"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/dberror"
)

// beforePocketBase runs a hook around PocketBase's own validation.
const beforePocketBase = -10_000

// bindValidation distinguishes an invalid record from a failed validation:
// PocketBase reports a relation that it cannot look up as a missing record.
func bindValidation(app core.App) {
	app.OnRecordValidate().Bind(&hook.Handler[*core.RecordEvent]{
		Priority: beforePocketBase,
		Func: func(e *core.RecordEvent) error {
			invalid := e.Next()
			if invalid == nil || dberror.Refusal(invalid) != nil {
				return invalid
			}
			_, err := e.App.DB().NewQuery("SELECT 1").WithContext(e.Context).Execute()
			if err := errors.Join(err, lookUpMissing(e, invalid)); dberror.Refusal(err) != nil {
				return err
			}
			return invalid
		},
	})
}

// lookUpMissing returns why records of the relations that are said to be missing cannot be
// looked up, such as a table that is locked.
func lookUpMissing(e *core.RecordEvent, invalid error) error {
	var fields validation.Errors
	if !errors.As(invalid, &fields) {
		return nil
	}
	var failures []error
	for name, problem := range fields {
		relation, ok := e.Record.Collection().Fields.GetByName(name).(*core.RelationField)
		var missing validation.Error
		if !ok || !errors.As(problem, &missing) || missing.Code() != "validation_missing_rel_records" {
			continue
		}
		var found []struct{}
		failures = append(failures, e.App.RecordQuery(relation.CollectionId).Select("id").Limit(1).WithContext(e.Context).All(&found))
	}
	return errors.Join(failures...)
}
