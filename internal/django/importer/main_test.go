package importer_test

import (
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// newTarget is an empty app whose ids may be short.
func newTarget(t testing.TB, options ...func(*config.Config)) core.App {
	t.Helper()
	settings := testapp.Default()
	for _, option := range options {
		option(settings)
	}
	app := testapp.NewApp(t, settings)
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
