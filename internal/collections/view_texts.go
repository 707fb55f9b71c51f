package collections

import (
	"encoding/json"
	"strconv"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// QuoteTexts has a view's record hold its computed texts as JSON. PocketBase quotes them as
// Go does, with escapes that JSON does not have, and answers 200 without a body then.
func QuoteTexts(record *core.Record) error {
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
