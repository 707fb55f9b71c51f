package source

import (
	"context"
	"fmt"
	"testing"

	"carebase/internal/testing/testpostgres"
)

func TestPostgreSQL(t *testing.T) {
	settings := testpostgres.New(t)
	ctx := context.Background()
	empty, err := Open(ctx, settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	if len(empty.Tables()) != 0 {
		t.Errorf("got %v", empty.Tables())
	}
	made := empty.(*postgresSource)
	if _, err := made.transaction.Exec(ctx, "CREATE TABLE x (id int)"); err == nil {
		t.Error("the source was written to")
	}
	if err := empty.Close(); err != nil {
		t.Error(err)
	}
	fillPostgreSQL(t, settings.URL)
	source, err := Open(ctx, settings.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	tables := source.Tables()
	if len(tables) != 3 || !tables[1].View && !tables[2].View {
		t.Fatalf("got %+v", tables)
	}
	table := tables[1]
	if got, want := describe(table), "id:1 a:0(20) b:6 c:5 d:3 e:7 f:8 g:9 h:0 i:7 j:1>app_other k:2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if fmt.Sprint(table.Column("h").Choices) != "[low high]" || table.Key != "id" || table.Rows != 1 {
		t.Errorf("got %+v", table)
	}
	var columns []string
	for _, column := range table.Columns {
		columns = append(columns, column.Name)
	}
	err = source.Read(ctx, []Request{{Table: &table, Columns: columns, Visit: func(values []any) error {
		want := "[7 it's 2020-02-29 12:00:00.30014+00 2020-02-29 12.50 {\"a\": 1} 0f8fad5b-d9cb-469f-a165-70867728950e <nil> high [\"x\", \"y\"] 1 1.5]"
		if got := fmt.Sprint(values); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		return nil
	}}})
	if err != nil {
		t.Error(err)
	}
}

func fillPostgreSQL(t *testing.T, url string) {
	t.Helper()
	writer, err := openPostgreSQL(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	connection := writer.(*postgresSource)
	if err := connection.transaction.Rollback(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := connection.connection.Exec(context.Background(), `CREATE TYPE level AS ENUM ('low', 'high');
		CREATE TABLE app_other (id bigint PRIMARY KEY); INSERT INTO app_other VALUES (1);
		CREATE TABLE app_thing (id bigint PRIMARY KEY, a varchar(20), b timestamptz, c date, d numeric(5, 2), e jsonb, f uuid, g bytea, h level, i text[], j bigint REFERENCES app_other (id), k float8);
		INSERT INTO app_thing VALUES (7, 'it''s', '2020-02-29 13:00:00.30014+01', '2020-02-29', 12.5, '{"a": 1}', '0f8fad5b-d9cb-469f-a165-70867728950e', 'x', 'high', '{x,y}', 1, 1.5);
		CREATE VIEW app_view AS SELECT id FROM app_thing`); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}
