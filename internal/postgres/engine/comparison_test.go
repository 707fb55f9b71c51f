package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// engines serves an app on each engine.
func engines(t *testing.T) (sqlite, postgres *testapp.Server) {
	t.Helper()
	testpostgres.Need(t)
	testpostgres.ChooseSQLite(t)
	sqlite = testapp.New(t)
	testpostgres.Choose(t)
	return sqlite, testapp.New(t)
}

// The values of the compared records: affinities, LIKE, JSON and sorting treat
// them in different ways.
var (
	texts = []string{"", "a", "A", "ab", "AB", "1", "01", "1.0", "1e1", "10", "-5", " 5", "true", "null", "É", "é", "a%b", "a_b", `a\b`, "it's", "[]", "0", "2024-01-01 00:00:00.000Z", "x\ny"}
	dates = []string{"", "2024-01-01 00:00:00.000Z", "2024-02-29 12:30:00.123Z", "1999-12-31 23:59:59.999Z"}
	jsons = []string{"null", "1", "10", `"a"`, `"1"`, `""`, "true", "[]", "{}", `[1,"1",null]`, `{"a":1}`, `{"a":"1"}`, `{"a":"x","b":[1,2,"3"]}`, `{"a":null}`, `{"a":{"b":2.5}}`, `{"a":true}`, `{"a":[]}`, `{"a":""}`}
	lists = []string{"[]", `["red"]`, `["red","blue"]`, `["blue","green"]`, `["green"]`}
)

func pickOne[T any](random *rand.Rand, values []T) T { return values[random.IntN(len(values))] }

// fill creates the collection "things" with the same records on all servers.
func fill(t *testing.T, random *rand.Rand, servers ...*testapp.Server) {
	t.Helper()
	for _, server := range servers {
		things := core.NewBaseCollection("things")
		things.Fields.Add(
			&core.TextField{Name: "title"}, &core.NumberField{Name: "amount"}, &core.BoolField{Name: "active"}, &core.DateField{Name: "day"},
			&core.JSONField{Name: "data"}, &core.SelectField{Name: "colors", MaxSelect: 3, Values: []string{"red", "green", "blue"}},
			&core.SelectField{Name: "color", MaxSelect: 1, Values: []string{"red", "green", "blue"}}, &core.FileField{Name: "files", MaxSelect: 3},
		)
		if err := server.App.Save(things); err != nil {
			t.Fatal(err)
		}
		things.Fields.Add(&core.RelationField{Name: "other", CollectionId: things.Id, MaxSelect: 1}, &core.RelationField{Name: "others", CollectionId: things.Id, MaxSelect: 3})
		if err := server.App.Save(things); err != nil {
			t.Fatal(err)
		}
	}
	const count = 60
	id := func(i int) string { return fmt.Sprintf("thing%010d", i) }
	for i := range count {
		others := []string{}
		for range random.IntN(3) {
			others = append(others, id(random.IntN(count)))
		}
		relations, err := json.Marshal(others)
		if err != nil {
			t.Fatal(err)
		}
		row := dbx.Params{
			"id": id(i), "title": pickOne(random, texts), "amount": pickOne(random, []float64{0, 1, -5, 10, 2.5, 1e15}), "active": random.IntN(2) == 1,
			"day": pickOne(random, dates), "data": pickOne(random, jsons), "colors": pickOne(random, lists), "color": pickOne(random, []string{"", "red", "green"}),
			"files": pickOne(random, []string{"[]", `["a.png"]`, `["a.png","B.txt"]`}), "other": pickOne(random, []string{"", id(random.IntN(count))}), "others": string(relations),
		}
		for _, server := range servers {
			if _, err := server.App.NonconcurrentDB().Insert("things", row).Execute(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var fields = []string{"id", "title", "amount", "active", "day", "data", "data.a", "data.a.b", "data.b", "data.b.0", "colors", "color", "files", "other", "others",
	"other.title", "other.amount", "others.title", "others.amount", "others.active", "things_via_other.title", "things_via_others.amount",
	"title:lower", "colors:each", "colors:length", "others:length", "files:length", "files:each", "other.colors:each", "other.data.a"}

var operators = []string{"=", "!=", ">", ">=", "<", "<=", "~", "!~", "?=", "?!=", "?>", "?>=", "?<", "?<=", "?~", "?!~"}

func operand(random *rand.Rand) string {
	switch random.IntN(10) {
	case 0:
		return pickOne(random, []string{"true", "false", "null"})
	case 1, 2:
		return pickOne(random, []string{"0", "1", "-5", "2.5", "10", "1000000000000000"})
	case 3, 4:
		return quoteText(pickOne(random, texts))
	case 5:
		return quoteText(pickOne(random, []string{"a%", "%b", "_", "a\\%b", "red", "%", "a.png", "2024", "2024-02-29 12:30:00.123Z", "thing0000000001"}))
	case 6:
		return pickOne(random, []string{"strftime('%Y', day)", "strftime('%Y-%m-%d', day, '+1 day')", "strftime('%H', title)"})
	}
	return pickOne(random, fields)
}

func quoteText(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

func randomFilter(random *rand.Rand, depth int) string {
	if depth > 0 && random.IntN(2) == 0 {
		return "(" + randomFilter(random, depth-1) + pickOne(random, []string{" && ", " || "}) + randomFilter(random, depth-1) + ")"
	}
	left := pickOne(random, fields)
	if random.IntN(6) == 0 {
		left = operand(random)
	}
	return left + " " + pickOne(random, operators) + " " + operand(random)
}

func randomSort(random *rand.Rand) string {
	var terms []string
	for range random.IntN(3) {
		terms = append(terms, pickOne(random, []string{"", "-"})+pickOne(random, []string{"title", "amount", "active", "day", "data.a", "color", "other.title", "other.amount", "title:lower", "colors:length"}))
	}
	return strings.Join(append(terms, pickOne(random, []string{"id", "-id", "@rowid", "-@rowid"})), ",")
}

// seedVariable is the environment variable with the seed; by default it is 1.
const seedVariable = "CAREBASE_COMPARISON_SEED"

// TestFiltersAndSortsMeanTheSame sends the same random filters and sorts to
// both engines and compares the records.
func TestFiltersAndSortsMeanTheSame(t *testing.T) {
	sqlite, postgres := engines(t)
	fill(t, rand.New(rand.NewPCG(1, 1)), sqlite, postgres)
	tokens := [2]string{sqlite.Superuser(), postgres.Superuser()}
	seed := uint64(1)
	if chosen := os.Getenv(seedVariable); chosen != "" {
		var err error
		if seed, err = strconv.ParseUint(chosen, 10, 64); err != nil {
			t.Fatal(seedVariable, ": ", err)
		}
	}
	random := rand.New(rand.NewPCG(seed, seed))
	differences, accepted := 0, 0
	const count = 150
	for range count {
		filter, sort := randomFilter(random, 2), randomSort(random)
		path := "/api/collections/things/records?perPage=100&fields=id&filter=" + url.QueryEscape(filter) + "&sort=" + url.QueryEscape(sort)
		var answers [2]testapp.Response
		for i, server := range []*testapp.Server{sqlite, postgres} {
			answers[i] = server.Call(tokens[i], http.MethodGet, path, nil)
		}
		if answers[0].Status == http.StatusOK {
			accepted++
		}
		if answers[0].Status != answers[1].Status || answers[0].Status == http.StatusOK && answers[0].Body != answers[1].Body {
			if differences++; differences <= 10 {
				t.Errorf("seed %d: %s, sorted by %s\n   SQLite: %d %s\nPostgreSQL: %d %s", seed, filter, sort, answers[0].Status, answers[0].Body, answers[1].Status, answers[1].Body)
			}
		}
	}
	t.Logf("%d of %d answers are records; %d differ", accepted, count, differences)
	if accepted < count/2 {
		t.Errorf("only %d of %d filters are valid", accepted, count)
	}
}
