package hooks

import (
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// bindRuleDates stores the dates in rules as the dates of records are stored, which
// they are compared with.
func bindRuleDates(app core.App) {
	store := func(e *core.CollectionEvent) error {
		for _, rule := range []**string{
			&e.Collection.ListRule, &e.Collection.ViewRule, &e.Collection.CreateRule, &e.Collection.UpdateRule, &e.Collection.DeleteRule,
			&e.Collection.AuthRule, &e.Collection.ManageRule,
		} {
			if *rule != nil {
				stored := collections.StoredDates(e.App, e.Collection, **rule)
				*rule = &stored
			}
		}
		return e.Next()
	}
	app.OnCollectionCreate().BindFunc(store)
	app.OnCollectionUpdate().BindFunc(store)
}
