package app_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"testing"
)

// viewQueries have columns whose type is known at run time only.
var viewQueries = map[string]string{
	"extracts": "SELECT id, json_extract(data, '$.a') AS computed FROM things",
	"choices":  "SELECT id, (CASE WHEN active THEN title ELSE amount END) AS computed FROM things",
	"iifs":     "SELECT id, iif(active, 'yes', 0) AS computed FROM things",
	"numbers":  "SELECT id, CAST(title AS INTEGER) AS computed FROM things",
	"reals":    "SELECT id, CAST(title AS REAL) AS computed FROM things",
	"casts":    "SELECT id, CAST(amount AS TEXT) AS computed FROM things",
	"thirds":   "SELECT id, (amount / 3) AS computed FROM things",
	"defaults": "SELECT id, coalesce(nullif(amount, 0), title) AS computed FROM things",
	"elements": "SELECT (things.id || coalesce(each.key, '')) AS id, each.value AS computed FROM things, json_each(things.data) AS each",
	"largest":  "SELECT id, max(title, amount) AS computed FROM things",
	"bare":     "SELECT id, active AS computed FROM things",
	"within":   "SELECT z.id, z.computed FROM (SELECT id, active AS computed FROM things) z",
	"tables":   "WITH z AS (SELECT id, min(active) AS computed FROM things GROUP BY id) SELECT id, computed FROM z",
	"fallback": "SELECT id, coalesce(active, amount > 1) AS computed FROM things",
	"nullifs":  "SELECT id, nullif(active, 0) AS computed FROM things",
	"chosen":   "SELECT id, iif(amount > 1, active, NOT active) AS computed FROM things",
	"selected": "SELECT id, (SELECT other.active FROM things other WHERE other.id = things.id) AS computed FROM things",
	"most":     "SELECT max(id) AS id, max(active) AS computed FROM things",
	"nested":   "SELECT id, computed FROM bare",
	"colors":   "SELECT (things.id || each.key) AS id, each.value AS computed FROM things, json_each(things.colors) AS each",
}

// TestComputedColumnsOfViews filters and sorts by columns whose type is known at
// run time only, on both engines.
func TestComputedColumnsOfViews(t *testing.T) {
	sqlite, postgres := engines(t)
	fillThings(t, rand.New(rand.NewPCG(1, 1)), sqlite, postgres)
	tokens := [2]string{sqlite.Superuser(), postgres.Superuser()}
	for _, name := range slices.Sorted(maps.Keys(viewQueries)) { // some read others
		query := viewQueries[name]
		var made json.RawMessage = []byte(view(name, query))
		a := sqlite.Call(tokens[0], http.MethodPost, collectionsPath, made)
		b := postgres.Call(tokens[1], http.MethodPost, collectionsPath, made)
		if a.Status != http.StatusOK || b.Status != a.Status {
			t.Errorf("%s: SQLite %d, PostgreSQL %d %.300s", name, a.Status, b.Status, b.Body)
			continue
		}
		for i, filter := range []string{"", "computed = 1", "computed != 1", "computed = '1'", "computed > 1", "computed <= 0.5", "computed > ''", "computed >= 'a'", "computed ~ '1'", "computed !~ 'a%'", "computed = true", "computed = null", "computed != ''", "computed = id", "computed < computed", "computed.a = 1", "computed:lower = 'a'"} {
			sort := []string{"computed,id", "-computed,-id"}[i%2]
			path := collectionsPath + "/" + name + "/records?perPage=200&sort=" + sort + "&filter=" + url.QueryEscape(filter)
			want, got := sqlite.Call(tokens[0], http.MethodGet, path, nil), postgres.Call(tokens[1], http.MethodGet, path, nil)
			want.Body, got.Body = changing.ReplaceAllString(want.Body, "…"), changing.ReplaceAllString(got.Body, "…")
			if got.Status != want.Status || got.Body != want.Body {
				t.Errorf("%s, %s, %s:\n    SQLite: %d %.300s\nPostgreSQL: %d %.300s", name, filter, sort, want.Status, want.Body, got.Status, got.Body)
			}
		}
	}
}
