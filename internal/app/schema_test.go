package app_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/tools/dbutils"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

func TestEveryFieldAndIndexIsDeclared(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	for _, declared := range collections.All() {
		stored, err := app.FindCollectionByNameOrId(declared.Name)
		if err != nil {
			t.Fatal(err)
		}
		names := stored.Fields.FieldNames()
		slices.Sort(names)
		if !slices.Equal(names, declared.Fields()) {
			t.Errorf("%s has the fields %v, declared are %v", declared.Name, names, declared.Fields())
		}
		for _, text := range stored.Indexes {
			name := dbutils.ParseIndex(text).IndexName
			// PocketBase itself keeps the one of token keys.
			if !declared.OwnsIndex(name) && !strings.HasPrefix(name, "idx_tokenKey_") {
				t.Errorf("%s: the index %s is nobody's", declared.Name, name)
			}
		}
	}
}

func TestABrokenSchemaIsNamed(t *testing.T) {
	for statement, want := range map[string]string{
		"UPDATE _collections SET name = 'pats' WHERE name = 'patients'":       "there is no collection patients",
		"ALTER TABLE patients RENAME TO pats":                                 "there is no table patients",
		"ALTER TABLE patients RENAME COLUMN notes TO remarks":                 "the table patients has no column notes",
		"UPDATE _collections SET fields = '[]' WHERE name = 'login_attempts'": "the collection login_attempts has no field account",
	} {
		app := testapp.NewApp(t, testapp.Default())
		if err := collections.Check(context.Background(), app); err != nil {
			t.Fatal(err)
		}
		if _, err := app.DB().NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
		err := collections.Check(context.Background(), app)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", statement, err)
		}
	}
}
