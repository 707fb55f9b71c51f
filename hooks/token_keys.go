package hooks

import (
	"github.com/pocketbase/pocketbase/core"
)

// bindTokenKeys generates every token key that a request sets, so that nobody
// knows a key that tokens are signed with.
func bindTokenKeys(app core.App) {
	generate := func(e *core.RecordRequestEvent) error {
		if e.Collection.IsAuth() && e.Record.TokenKey() != e.Record.Original().TokenKey() {
			e.Record.RefreshTokenKey()
		}
		return e.Next()
	}
	app.OnRecordCreateRequest().BindFunc(generate)
	app.OnRecordUpdateRequest().BindFunc(generate)
}
