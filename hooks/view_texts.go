package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// bindViewTexts has views show any text.
func bindViewTexts(app core.App) {
	app.OnRecordEnrich().BindFunc(func(e *core.RecordEnrichEvent) error {
		if e.Record.Collection().IsView() {
			if err := collections.QuoteTexts(e.Record); err != nil {
				return err
			}
		}
		return e.Next()
	})
}
