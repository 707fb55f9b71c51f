package app_test

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

// fillThings creates the collection "things" with the same records on all servers.
func fillThings(t *testing.T, random *rand.Rand, servers ...*testapp.Server) {
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

func comparisonSeed(t *testing.T) uint64 {
	t.Helper()
	chosen := os.Getenv(seedVariable)
	if chosen == "" {
		return 1
	}
	seed, err := strconv.ParseUint(chosen, 10, 64)
	if err != nil {
		t.Fatal(seedVariable, ": ", err)
	}
	return seed
}

// comparison sends the same requests to both engines and counts what differs.
type comparison struct {
	t                          *testing.T
	servers                    [2]*testapp.Server
	tokens                     [2]string
	asked, accepted, differing int
}

func newComparison(t *testing.T) *comparison {
	t.Helper()
	sqlite, postgres := engines(t)
	fillThings(t, rand.New(rand.NewPCG(1, 1)), sqlite, postgres)
	return &comparison{t: t, servers: [2]*testapp.Server{sqlite, postgres}, tokens: [2]string{sqlite.Superuser(), postgres.Superuser()}}
}

// ask lists the records of a collection with a filter and an order.
func (c *comparison) ask(collection, filter, sort string) {
	c.t.Helper()
	path := collectionsPath + "/" + collection + "/records?perPage=200&filter=" + url.QueryEscape(filter) + "&sort=" + url.QueryEscape(sort)
	var answers [2]testapp.Response
	for i, server := range c.servers {
		answers[i] = server.Call(c.tokens[i], http.MethodGet, path, nil)
		answers[i].Body = strings.ReplaceAll(changing.ReplaceAllString(answers[i].Body, "…"), "1e+15", "1000000000000000") // the same number in JSON
	}
	c.asked++
	if answers[0].Status == http.StatusOK {
		c.accepted++
	}
	if answers[0].Status != answers[1].Status || answers[0].Status == http.StatusOK && answers[0].Body != answers[1].Body {
		if c.differing++; c.differing <= 10 {
			c.t.Logf("%s: %s, sorted by %s\n   SQLite: %d %.400s\nPostgreSQL: %d %.400s", collection, filter, sort, answers[0].Status, answers[0].Body, answers[1].Status, answers[1].Body)
		}
	}
}

// judge fails the test if too much differs.
func (c *comparison) judge() {
	c.t.Helper()
	c.t.Logf("%d of %d answers are records; %d differ", c.accepted, c.asked, c.differing)
	if c.differing*tolerance > c.asked {
		c.t.Errorf("%d of %d answers differ", c.differing, c.asked)
	}
	if c.accepted < c.asked/2 {
		c.t.Errorf("only %d of %d filters are valid", c.accepted, c.asked)
	}
}

// TestFiltersAndSortsMeanTheSame sends the same random filters and sorts to
// both engines and compares the records.
func TestFiltersAndSortsMeanTheSame(t *testing.T) {
	compared := newComparison(t)
	seed := comparisonSeed(t)
	random := rand.New(rand.NewPCG(seed, seed))
	for range 150 {
		compared.ask("things", randomFilter(random, 2), randomSort(random))
	}
	compared.judge()
}

// liveChanges are changes of a collection with records, and the names that fields have
// afterwards.
var liveChanges = []struct {
	name   string
	change func(*core.Collection)
	names  []string
}{
	{"renamed", func(things *core.Collection) {
		things.Fields.GetByName("title").SetName("headline")
		things.Fields.GetByName("amount").SetName("total")
	}, []string{"title", "headline", "amount", "total"}},
	{"indexed", func(things *core.Collection) {
		things.AddIndex("idx_headline", false, "headline COLLATE NOCASE, total DESC", "")
		things.AddIndex("idx_active", false, "active, day", "total > 0")
	}, []string{"title", "headline", "amount", "total"}},
	{"of one value instead of several, and the reverse", func(things *core.Collection) {
		things.Fields.GetByName("colors").(*core.SelectField).MaxSelect = 1
		things.Fields.GetByName("color").(*core.SelectField).MaxSelect = 3
		things.Fields.GetByName("others").(*core.RelationField).MaxSelect = 1
		things.Fields.GetByName("other").(*core.RelationField).MaxSelect = 3
	}, []string{"title", "headline", "amount", "total"}},
	{"of another type", func(things *core.Collection) {
		things.Fields.RemoveByName("day")
		things.Fields.RemoveByName("files")
		things.RemoveIndex("idx_active")
		things.Fields.Add(&core.NumberField{Name: "day"}, &core.JSONField{Name: "files"})
	}, []string{"title", "headline", "amount", "total"}},
	{"swapped", func(things *core.Collection) {
		things.RemoveIndex("idx_headline")
		things.Fields.GetByName("headline").SetName("swap")
		things.Fields.GetByName("total").SetName("title")
	}, []string{"title", "swap", "amount", "title"}},
}

// TestLiveChangesMeanTheSame changes the collection while it has records, and compares
// after each change.
func TestLiveChangesMeanTheSame(t *testing.T) {
	compared := newComparison(t)
	seed := comparisonSeed(t)
	random := rand.New(rand.NewPCG(seed, 2))
	for _, step := range liveChanges {
		for _, server := range compared.servers {
			things, err := server.App.FindCollectionByNameOrId("things")
			if err != nil {
				t.Fatal(err)
			}
			step.change(things)
			if err := server.App.Save(things); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
		}
		renamed := strings.NewReplacer(step.names...)
		for range 30 {
			compared.ask("things", renamed.Replace(randomFilter(random, 1)), renamed.Replace(randomSort(random)))
		}
	}
	compared.judge()
}

// TestRandomViewsMeanTheSame makes views of random expressions and filters and sorts
// their columns.
func TestRandomViewsMeanTheSame(t *testing.T) {
	compared := newComparison(t)
	seed := comparisonSeed(t)
	random := rand.New(rand.NewPCG(seed, 3))
	for i := range 12 {
		name := fmt.Sprintf("view%d", i)
		query := "SELECT id, " + randomExpression(random, pickKind(random), 2) + " AS computed, " + randomExpression(random, pickKind(random), 1) + " AS other FROM things"
		var statuses [2]int
		for i, server := range compared.servers {
			statuses[i] = server.Call(compared.tokens[i], http.MethodPost, collectionsPath, json.RawMessage(view(name, query))).Status
		}
		if statuses[0] != http.StatusOK || statuses[1] != statuses[0] {
			compared.asked++
			if statuses[0] != statuses[1] {
				compared.differing++
				t.Logf("%s: %v", query, statuses)
			}
			continue
		}
		for range 8 {
			left, right := pickOne(random, []string{"computed", "other"}), pickOne(random, []string{"1", "0", "'1'", "''", "'a'", "2.5", "true", "null", "'a%'", "other", "id"})
			differing := compared.differing
			compared.ask(name, left+" "+pickOne(random, operators[:8])+" "+right, pickOne(random, []string{"computed,id", "-computed,id", "other,-id", "id"}))
			if compared.differing > differing {
				t.Log(query)
			}
		}
	}
	compared.judge()
}
