package hooks

import (
	"encoding/json"
	"strconv"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// bindViewTexts has views show any text. PocketBase quotes a computed one as Go does, with
// escapes that JSON does not have, and answers 200 without a body then.
func bindViewTexts(app core.App) {
	app.OnRecordEnrich().BindFunc(func(e *core.RecordEnrichEvent) error {
		if e.Record.Collection().IsView() {
			if err := quoteTexts(e.Record); err != nil {
				return err
			}
		}
		return e.Next()
	})
}

func quoteTexts(record *core.Record) error {
	for _, field := range record.Collection().Fields {
		quoted, isJSON := record.GetRaw(field.GetName()).(types.JSONRaw)
		if !isJSON || json.Valid(quoted) {
			continue
		}
		text, err := strconv.Unquote(string(quoted))
		if err != nil {
			continue // it is no text
		}
		shown, err := json.Marshal(text)
		if err != nil {
			return err
		}
		record.SetRaw(field.GetName(), types.JSONRaw(shown))
	}
	return nil
}
