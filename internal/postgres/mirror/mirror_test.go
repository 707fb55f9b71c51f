package mirror_test

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"carebase/internal/postgres/mirror"
)

// visits are tables of PostgreSQL, two of which have the same name to SQLite.
var visits = []mirror.Table{
	{Name: "visits", Columns: []string{"id", "re`ason"}}, {Name: "people", Columns: []string{"id"}}, {Name: "People", Columns: []string{"other"}},
	{Name: "twice", Columns: []string{"a", "A"}}, {Name: "sqlite_stat1", Columns: []string{"tbl"}},
}

func TestAlterLeavesOutWhatSQLiteCannotRead(t *testing.T) {
	definitions := []mirror.Definition{
		{Kind: "index", Name: "outdated", Text: "CREATE INDEX outdated ON visits (gone)"},
		{Kind: "index", Name: "quoted", Text: `CREATE INDEX quoted ON visits ("gone", id)`},
		{Kind: "view", Name: "of_outdated", Text: "CREATE VIEW of_outdated AS SELECT * FROM outdated_view"},
		{Kind: "view", Name: "outdated_view", Text: "CREATE VIEW outdated_view AS SELECT gone FROM visits"},
		{Kind: "view", Name: "foreign", Text: "CREATE VIEW foreign"},
		{Kind: "index", Name: "kept", Text: "CREATE INDEX kept ON people (id)"},
		{Kind: "index", Name: "reasons", Text: "CREATE INDEX reasons ON visits (`re``ason`)"},
		{Kind: "view", Name: "all", Text: "CREATE VIEW `all` AS SELECT * FROM visits"},
	}
	want := []mirror.Change{
		{Definition: mirror.Definition{Kind: "index", Name: "reasons", Text: `CREATE INDEX reasons ON visits ("cause")`}},
		{Definition: definitions[7], Renamed: [][2]string{{"re`ason", "cause"}}},
	}
	got, err := mirror.Alter(t.Context(), visits, definitions, "Visits", "ALTER TABLE Visits RENAME `re``ason` TO cause")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAlterOfATableThatSQLiteCannotMake(t *testing.T) {
	changes, err := mirror.Alter(t.Context(), visits, nil, "twice", "ALTER TABLE twice RENAME A TO b")
	if len(changes) > 0 || err != nil {
		t.Errorf("got %+v, %v", changes, err)
	}
}

func TestAlterIsRefused(t *testing.T) {
	_, err := mirror.Alter(t.Context(), visits, nil, "visits", "ALTER TABLE visits RENAME TO people")
	if err == nil || !strings.Contains(err.Error(), "there is already another table") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mirror.Alter(ctx, visits, nil, "visits", "ALTER TABLE visits RENAME TO stays"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
