package app_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/changes"
	"carebase/internal/postgres"
	"carebase/internal/postgres/transfer"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// followed are definitions that read the collection visits, and others.
var followed = []string{
	"CREATE INDEX idx_reason ON visits (reason)",
	"CREATE UNIQUE INDEX `idx both` ON `visits` (\n\t`reason` COLLATE NOCASE DESC, id\n) WHERE reason <> 'reason' AND visits.\"reason\" IS NOT NULL",
	"CREATE INDEX idx_expression ON [visits] (lower(reason), coalesce([reason], 'visits'))",
	"CREATE INDEX idx_other ON patients_like (reason)",
	"CREATE INDEX idx_none ON visits (other)",
	"CREATE VIEW plain AS SELECT id, reason, other FROM visits",
	"CREATE VIEW everything AS SELECT * FROM visits",
	"CREATE VIEW aliased AS SELECT v.reason AS reason, 'reason' AS visits, \"some text\" AS note FROM visits /* reason */ AS v",
	"CREATE VIEW named (reason, visits) AS SELECT reason, count(*) FROM visits GROUP BY reason HAVING reason > '' ORDER BY reason",
	"CREATE VIEW joined AS SELECT visits.id, p.reason, (SELECT reason FROM patients_like l WHERE l.id = visits.reason) AS inner_reason " +
		"FROM visits JOIN patients_like p ON p.id = visits.id WHERE EXISTS (SELECT 1 FROM patients_like q WHERE q.reason = visits.reason)",
	"CREATE VIEW with_table AS WITH reasons(reason) AS (SELECT v.reason FROM visits v) SELECT reason FROM reasons",
	"CREATE VIEW of_view AS SELECT reason FROM named",
	"CREATE VIEW all_of_view AS SELECT * FROM plain",
	"CREATE VIEW unnamed AS SELECT reason || '!' FROM visits",
}

// renameInSteps creates the definitions and renames what they read.
func renameInSteps(t *testing.T, app core.App) map[string]map[string]string {
	t.Helper()
	found := map[string]map[string]string{}
	visits := core.NewBaseCollection("visits")
	visits.Fields.Add(&core.TextField{Name: "reason"}, &core.TextField{Name: "other"}, &core.SelectField{Name: "kind", Values: []string{"a", "b"}})
	visits.AddIndex("idx_listed", false, "reason", "")
	like := core.NewBaseCollection("patients_like")
	like.Fields.Add(&core.TextField{Name: "reason"})
	check(t, app.Save(visits))
	check(t, app.Save(like))
	for _, definition := range followed {
		if _, err := app.NonconcurrentDB().NewQuery(definition).Execute(); err != nil {
			t.Fatalf("%s: %v", definition, err)
		}
	}
	view := core.NewViewCollection("viewed")
	view.ViewQuery = "SELECT id, other AS reason FROM visits"
	check(t, app.Save(view))
	rename := func(step string, change func()) {
		change()
		if err := app.Save(visits); err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		found[step] = described(t, app)
	}
	rename("the field", func() {
		visits.Fields.GetByName("reason").SetName("cause")
		visits.RemoveIndex("idx_listed")
	})
	rename("another field", func() { visits.Fields.GetByName("other").SetName("order") })
	rename("the collection", func() { visits.Name = "stays" })
	rename("the field again", func() { visits.Fields.GetByName("cause").SetName("visits") })
	rename("a type", func() { visits.Fields.GetByName("kind").(*core.SelectField).MaxSelect = 2 })
	long := strings.Repeat("why_", 20)
	for _, statement := range []string{
		"ALTER TABLE stays RENAME visits TO Reason",
		"ALTER TABLE stays RENAME COLUMN Reason TO " + long,
		"ALTER TABLE stays RENAME COLUMN " + long + " TO `it's a \"reason\"`",
	} {
		_, err := app.NonconcurrentDB().NewQuery(statement).Execute()
		check(t, err)
		found[statement] = described(t, app)
	}
	found["all"] = described(t, app)
	return found
}

// described returns what the catalog says of indexes and views, and the columns of views.
func described(t *testing.T, app core.App) map[string]string {
	t.Helper()
	var rows []struct {
		Name  string `db:"name"`
		Type  string `db:"type"`
		Table string `db:"tbl_name"`
		SQL   string `db:"sql"`
	}
	check(t, app.DB().NewQuery("SELECT name, type, tbl_name, sql FROM sqlite_master WHERE type IN ('index', 'view') AND sql IS NOT NULL AND tbl_name <> '"+changes.Table+"'").All(&rows))
	found := map[string]string{}
	for _, row := range rows {
		found[row.Name] = row.Type + " of " + row.Table + ": " + strings.TrimSpace(row.SQL)
		if row.Type == "view" {
			var columns []string
			check(t, app.DB().NewQuery("SELECT name FROM pragma_table_info('"+row.Name+"') ORDER BY cid").Column(&columns))
			found[row.Name] += " with " + strings.Join(columns, ", ")
			_, err := app.DB().NewQuery("SELECT * FROM [[" + row.Name + "]]").Execute()
			check(t, err)
		}
	}
	return found
}

// TestDefinitionsFollowRenames compares what the catalogs say after each step, and
// copies what has been renamed.
func TestDefinitionsFollowRenames(t *testing.T) {
	settings := testpostgres.New(t)
	onPostgreSQL, onSQLite := testapp.Open(t, t.TempDir(), settings), testapp.Open(t, t.TempDir(), postgres.Settings{})
	check(t, onPostgreSQL.RunAllMigrations())
	check(t, onSQLite.RunAllMigrations())
	got, want := renameInSteps(t, onPostgreSQL), renameInSteps(t, onSQLite)
	for step, definitions := range want {
		for _, name := range slices.Sorted(maps.Keys(definitions)) {
			if each := got[step][name]; each != definitions[name] {
				t.Errorf("after %s, %s: got %s, want %s", step, name, each, definitions[name])
			}
		}
		for name := range got[step] {
			if definitions[name] == "" {
				t.Errorf("after %s, there is %s", step, name)
			}
		}
	}
	copied := filepath.Join(t.TempDir(), "copied")
	copyPlace(t, settings.URL, "sqlite:"+copied)
	if got, want := described(t, testapp.Open(t, copied, postgres.Settings{})), want["all"]; !maps.Equal(got, want) {
		t.Errorf("copied: got %q, want %q", got, want)
	}
}

// TestWhatSQLiteRefusesToAlterIsRefused alters what a definition cannot follow.
func TestWhatSQLiteRefusesToAlterIsRefused(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	visits := core.NewBaseCollection("visits")
	visits.Fields.Add(&core.TextField{Name: "reason"}, &core.TextField{Name: "other"})
	check(t, app.Save(visits))
	execute := func(statement string) error {
		_, err := app.NonconcurrentDB().NewQuery(statement).Execute()
		return err
	}
	check(t, execute("CREATE VIEW plain AS SELECT id, reason FROM visits"))
	check(t, execute("CREATE VIEW of_view AS SELECT reason FROM plain"))
	check(t, execute("CREATE UNIQUE INDEX idx_other ON visits (id, other)"))
	before := described(t, app)
	visits.Fields.GetByName("reason").SetName("cause")
	if err := app.Save(visits); err == nil || !strings.Contains(err.Error(), "error in view of_view after rename: no such column: reason") {
		t.Errorf("renamed below a view: %v", err)
	}
	if err := execute("ALTER TABLE visits DROP COLUMN other"); err == nil || !strings.Contains(err.Error(), "error in index idx_other after drop column: no such column: other") {
		t.Errorf("dropped below an index: %v", err)
	}
	for statement, refusal := range map[string]string{
		"ALTER TABLE plain RENAME TO simple":            "view plain may not be altered",
		"ALTER TABLE plain RENAME COLUMN reason TO why": "cannot rename columns of view",
	} {
		if err := execute(statement); err == nil || !strings.Contains(err.Error(), refusal) {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if after := described(t, app); !maps.Equal(after, before) {
		t.Errorf("got %q, want %q", after, before)
	}
	check(t, execute("DROP VIEW of_view"))
	check(t, execute("DROP INDEX idx_other"))
	check(t, app.Save(visits))
	check(t, execute("ALTER TABLE visits DROP COLUMN other"))
}

// TestOutdatedDefinitions copies definitions that did not follow a rename under an
// earlier version.
func TestOutdatedDefinitions(t *testing.T) {
	for definition, kind := range map[string]string{
		"CREATE INDEX outdated ON visits (reason)":          "INDEX",
		`CREATE INDEX outdated ON stays ("reason")`:         "INDEX",
		"CREATE VIEW outdated AS SELECT reason FROM visits": "VIEW",
	} {
		t.Run(definition, func(t *testing.T) {
			settings := testpostgres.New(t)
			app := testapp.Open(t, t.TempDir(), settings)
			check(t, app.RunAllMigrations())
			comment := "COMMENT ON " + kind + " outdated IS '" + definition + "'"
			statements := []string{"CREATE TABLE visits (cause TEXT, other TEXT)", strings.NewReplacer("reason", "cause", "stays", "visits").Replace(definition),
				"CREATE INDEX idx_others ON visits (other)", comment, "ALTER TABLE visits RENAME COLUMN other TO more", "ALTER TABLE visits RENAME TO stays"}
			for _, statement := range statements {
				ctx := t.Context()
				if statement == comment {
					ctx = postgres.Native(ctx)
				}
				_, err := app.NonconcurrentDB().NewQuery(statement).WithContext(ctx).Execute()
				check(t, err)
			}
			if got := described(t, app)["idx_others"]; got != `index of stays: CREATE INDEX idx_others ON "stays" (more)` {
				t.Errorf("beside it is %s", got)
			}
			_, err := transfer.Copy(t.Context(), settings.URL, "sqlite:"+filepath.Join(t.TempDir(), "copied"), quiet)
			for _, want := range []string{"failed to create the " + strings.ToLower(kind) + " outdated", "drop it in the database that you copy from", definition} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
}
