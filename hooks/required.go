package hooks

import (
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
)

// requiredReference is in PocketBase's error about a record that another one
// requires. It has no type of its own.
const requiredReference = "is part of a required reference"

// bindRequired tells that a record cannot be deleted because another one requires
// it. The other one is not named: it may be somebody else's.
func bindRequired(app core.App) {
	app.OnRecordDelete().BindFunc(func(e *core.RecordEvent) error {
		err := e.Next()
		if err != nil && strings.Contains(err.Error(), requiredReference) {
			return router.NewApiError(http.StatusConflict, "The record cannot be deleted because another record requires it.", nil)
		}
		return err
	})
}
