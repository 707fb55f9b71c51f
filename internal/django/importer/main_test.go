package importer_test

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// newTarget is an empty app whose ids may be short.
func newTarget(t testing.TB) core.App {
	t.Helper()
	app := testapp.NewApp(t, testapp.Default())
	for _, name := range []string{collections.Users, collections.Patients, collections.Doctors, collections.Mappings} {
		collection, err := app.FindCollectionByNameOrId(name)
		if err != nil {
			t.Fatal(err)
		}
		if field, ok := collection.Fields.GetByName(core.FieldNameId).(*core.TextField); ok && field.Min > 1 {
			field.Min = 1
			if err := app.Save(collection); err != nil {
				t.Fatal(err)
			}
		}
	}
	return app
}
