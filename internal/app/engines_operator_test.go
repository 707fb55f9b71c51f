package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// step is a request of an operator. The body is JSON, as the dashboard sends
// it.
type step struct {
	name, method, path, body string
	status                   int
	// worded is set if the response quotes the engine's own message.
	worded bool
}

// clinics returns the collection of the steps with these fields.
func clinics(fieldsJSON string) string {
	return `{"name":"clinics","type":"base","listRule":"","viewRule":"","createRule":"","updateRule":"","deleteRule":"","fields":[` + fieldsJSON + `],"indexes":["CREATE UNIQUE INDEX idx_clinics_name ON clinics (name COLLATE NOCASE) WHERE name != ''"]}`
}

const (
	nameField        = `{"id":"fname","name":"name","type":"text"}`
	bedsField        = `{"id":"fbeds","name":"beds","type":"number"}`
	staffedFields    = `{"id":"fopen","name":"staffed","type":"bool"},{"id":"fday","name":"founded","type":"date"},{"id":"fdata","name":"data","type":"json"},{"id":"fmail","name":"contact","type":"email"}`
	tagsField        = `{"id":"ftags","name":"tags","type":"select","maxSelect":3,"values":["a","b","c"]}`
	visitsCollection = `{"name":"visits","type":"base","listRule":"","fields":[{"id":"vclinic","name":"clinic","type":"relation","collectionId":"CLINICS","cascadeDelete":true,"maxSelect":1},{"id":"vothers","name":"others","type":"relation","collectionId":"CLINICS","maxSelect":3},{"id":"vcost","name":"cost","type":"number"}]}`
)

func view(name, query string) string {
	quoted, err := json.Marshal(query)
	if err != nil {
		panic(err)
	}
	return `{"name":"` + name + `","type":"view","listRule":"","viewQuery":` + string(quoted) + `}`
}

func console(query string) string {
	quoted, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err)
	}
	return string(quoted)
}

const (
	collectionsPath = "/api/collections"
	listClinics     = collectionsPath + "/clinics/records?sort=id&skipTotal=0"
	filtered        = "&filter="
)

// operatorSteps are what operators do in the dashboard, in order.
var operatorSteps = []step{
	{"create a collection", "POST", collectionsPath, clinics(nameField + "," + bedsField + "," + staffedFields + "," + tagsField), 200, false},
	{"create one that exists", "POST", collectionsPath, clinics(nameField), 400, false},
	{"create a collection with relations", "POST", collectionsPath, visitsCollection, 200, false},
	{"a record", "POST", collectionsPath + "/clinics/records", `{"id":"clinic000000001","name":"North","beds":10,"staffed":true,"founded":"2001-02-03","tags":["a","b"],"data":{"a":1.5,"b":["x"]},"contact":"n@example.com"}`, 200, false},
	{"another", "POST", collectionsPath + "/clinics/records", `{"id":"clinic000000002","name":"south","beds":2.5,"tags":["c"],"data":"text"}`, 200, false},
	{"an empty one", "POST", collectionsPath + "/clinics/records", `{"id":"clinic000000003"}`, 200, false},
	{"a name that is taken but for its case", "POST", collectionsPath + "/clinics/records", `{"id":"clinic000000004","name":"NORTH"}`, 400, false},
	{"an id that is taken", "POST", collectionsPath + "/clinics/records", `{"id":"clinic000000001","name":"x"}`, 400, false},
	{"a value of the wrong type", "POST", collectionsPath + "/clinics/records", `{"beds":"many","contact":"nobody","tags":["z"]}`, 400, false},
	{"a visit", "POST", collectionsPath + "/visits/records", `{"id":"visit0000000001","clinic":"clinic000000001","others":["clinic000000002","clinic000000003"],"cost":12.5}`, 200, false},
	{"another visit", "POST", collectionsPath + "/visits/records", `{"id":"visit0000000002","clinic":"clinic000000002","others":[],"cost":0}`, 200, false},
	{"a visit to nowhere", "POST", collectionsPath + "/visits/records", `{"clinic":"clinic000000009"}`, 400, false},
	{"a view", "POST", collectionsPath, view("figures", "SELECT c.id, c.name, c.beds, (c.beds * 2) AS doubled, count(v.id) AS visits, coalesce(sum(v.cost), 0) AS cost, strftime('%Y', c.founded) AS year, printf('%05.1f', c.beds) AS shown, (c.name || '!') AS loud, iif(c.staffed, 'yes', 'no') AS answer FROM clinics c LEFT JOIN visits v ON v.clinic = c.id GROUP BY c.id"), 200, false},
	{"what the view shows", "GET", collectionsPath + "/figures/records?sort=-visits,id", "", 200, false},
	{"the view, filtered", "GET", collectionsPath + "/figures/records?sort=name,id" + filtered + url.QueryEscape("cost > 1 || year = '' || doubled = 5"), "", 200, false},
	{"a view with a window, a common table and a sub-query", "POST", collectionsPath, view("ranks", "WITH big AS (SELECT id, beds FROM clinics WHERE beds >= 0) SELECT b.id, (row_number() OVER (ORDER BY b.beds DESC, b.id)) AS rank, (SELECT max(cost) FROM visits WHERE clinic = b.id) AS dearest FROM big b"), 200, false},
	{"its records", "GET", collectionsPath + "/ranks/records?sort=id", "", 200, false},
	{"a view that cannot be", "POST", collectionsPath, view("broken", "SELECT id, nothing FROM clinics"), 400, true},
	{"a view that writes", "POST", collectionsPath, view("broken", "DELETE FROM clinics"), 400, true},
	{"add a field, rename one", "PATCH", collectionsPath + "/clinics", clinics(`{"id":"fname","name":"title","type":"text"},` + bedsField + "," + staffedFields + "," + tagsField + `,{"id":"fphone","name":"phone","type":"text"}`), 400, true},
	{"delete a view", "DELETE", collectionsPath + "/figures", "", 204, false},
	{"delete the other view", "DELETE", collectionsPath + "/ranks", "", 204, false},
	{"rename a field that no view reads", "PATCH", collectionsPath + "/visits", `{"fields":[{"id":"vclinic","name":"clinic","type":"relation","collectionId":"CLINICS","cascadeDelete":true,"maxSelect":1},{"id":"vothers","name":"others","type":"relation","collectionId":"CLINICS","maxSelect":3},{"id":"vcost","name":"price","type":"number"},{"id":"vnote","name":"Note","type":"text"}]}`, 200, false},
	{"records after it", "GET", collectionsPath + "/visits/records?sort=id&expand=clinic,others", "", 200, false},
	{"change the type of a field", "PATCH", collectionsPath + "/clinics", clinics(nameField + `,{"id":"fbeds","name":"beds","type":"text"},` + staffedFields + "," + tagsField), 400, false},
	{"replace a field by one of another type", "PATCH", collectionsPath + "/clinics", clinics(nameField + `,{"id":"fbeds2","name":"beds","type":"text"},` + staffedFields + "," + tagsField), 200, false},
	{"records with the new type", "GET", listClinics, "", 200, false},
	{"one value instead of many", "PATCH", collectionsPath + "/clinics", clinics(nameField + "," + staffedFields + `,{"id":"ftags","name":"tags","type":"select","maxSelect":1,"values":["a","b","c"]}`), 200, false},
	{"records with one value", "GET", listClinics + filtered + url.QueryEscape("tags != 'b'"), "", 200, false},
	{"many values again", "PATCH", collectionsPath + "/clinics", clinics(nameField + "," + staffedFields + "," + tagsField), 200, false},
	{"records with many values", "GET", listClinics + filtered + url.QueryEscape("tags:each ?= 'b' || tags:length = 0"), "", 200, false},
	{"indexes of an order and an expression", "PATCH", collectionsPath + "/clinics", `{"indexes":["CREATE INDEX idx_a ON clinics (staffed, founded DESC)","CREATE INDEX idx_b ON clinics (lower(name))","CREATE UNIQUE INDEX idx_clinics_name ON clinics (name)"]}`, 200, false},
	{"an index that is none", "PATCH", collectionsPath + "/clinics", `{"indexes":["CREATE INDEX idx_a ON clinics (nothing)"]}`, 400, true},
	{"a unique index over duplicates", "PATCH", collectionsPath + "/clinics", `{"indexes":["CREATE UNIQUE INDEX idx_c ON clinics (phone)","CREATE UNIQUE INDEX idx_d ON clinics (staffed)"]}`, 400, true},
	{"rename the collection", "PATCH", collectionsPath + "/clinics", `{"name":"Hospitals"}`, 200, false},
	{"records by the new name", "GET", collectionsPath + "/Hospitals/records?sort=-name" + filtered + url.QueryEscape("visits_via_clinic.price > 1 || name ~ 'SOU'"), "", 200, false},
	{"no records by the old one", "GET", listClinics, "", 404, false},
	{"the collection, for export", "GET", collectionsPath + "/Hospitals", "", 200, false},
	{"import", "PUT", collectionsPath + "/import", `{"deleteMissing":false,"collections":[{"id":"pbc_imported01","name":"imported","type":"base","fields":[{"id":"iword","name":"word","type":"text"},{"id":"ikey","name":"Key Word","type":"text"}],"indexes":[]}]}`, 400, false},
	{"import again", "PUT", collectionsPath + "/import", `{"deleteMissing":false,"collections":[{"id":"pbc_imported01","name":"imported","type":"base","fields":[{"id":"iword","name":"word","type":"text"}],"indexes":["CREATE INDEX idx_word ON imported (word)"]}]}`, 204, false},
	{"what was imported", "GET", collectionsPath + "/imported", "", 200, false},
	{"several at once, one of which fails", "POST", "/api/batch", `{"requests":[{"method":"POST","url":"/api/collections/imported/records","body":{"id":"word00000000001","word":"x"}},{"method":"POST","url":"/api/collections/Hospitals/records","body":{"name":"North"}}]}`, 400, false},
	{"nothing of it", "GET", collectionsPath + "/imported/records", "", 200, false},
	{"several at once", "POST", "/api/batch", `{"requests":[{"method":"POST","url":"/api/collections/imported/records","body":{"id":"word00000000001","word":"x"}},{"method":"PATCH","url":"/api/collections/Hospitals/records/clinic000000002","body":{"name":"East"}}]}`, 200, false},
	{"the console", "POST", "/api/sql", console("SELECT h.name, count(*) AS n, max(v.price) AS m FROM Hospitals h, visits v WHERE v.clinic = h.id GROUP BY 1 ORDER BY 1"), 200, false},
	{"the console with a mistake", "POST", "/api/sql", console("SELECT nothing FROM Hospitals"), 400, true},
	{"delete a collection that others refer to", "DELETE", collectionsPath + "/Hospitals", "", 400, false},
	{"delete a record with what belongs to it", "DELETE", collectionsPath + "/Hospitals/records/clinic000000001", "", 204, false},
	{"what the cascade left", "GET", collectionsPath + "/visits/records?sort=id", "", 200, false},
	{"delete one that others list", "DELETE", collectionsPath + "/Hospitals/records/clinic000000003", "", 204, false},
	{"truncate", "DELETE", collectionsPath + "/visits/truncate", "", 204, false},
	{"nothing is left", "GET", collectionsPath + "/visits/records", "", 200, false},
	{"delete the collections", "DELETE", collectionsPath + "/visits", "", 204, false},
	{"and the other", "DELETE", collectionsPath + "/Hospitals", "", 204, false},
	{"a user", "POST", collectionsPath + "/users/records", `{"id":"user00000000001","email":"Ann@Example.com","name":"Ann","password":"correct horse 42","passwordConfirm":"correct horse 42"}`, 200, false},
	{"an e-mail that is taken but for its case", "POST", collectionsPath + "/users/records", `{"email":"ann@example.COM","name":"Ann","password":"correct horse 42","passwordConfirm":"correct horse 42"}`, 400, false},
	{"a login in capitals", "POST", collectionsPath + "/users/auth-with-password", `{"identity":"ANN@EXAMPLE.COM","password":"correct horse 42"}`, 200, false},
	{"settings", "PATCH", "/api/settings", `{"meta":{"appName":"Ward 7"},"logs":{"maxDays":9}}`, 200, false},
	{"the changed settings", "GET", "/api/settings?fields=meta,logs,batch", "", 200, false},
	{"logs", "GET", "/api/logs?sort=-level,id&fields=id,level,message,data" + filtered + url.QueryEscape("data.of='operator' && (level > 0 || message ~ 'FIRST') && data.n != 3"), "", 200, false},
	{"figures of logs", "GET", "/api/logs/stats?filter=" + url.QueryEscape("data.of='operator' && data.n >= 2"), "", 200, false},
	{"collections in the end", "GET", collectionsPath + "?perPage=100&sort=name&fields=id,name,type,indexes,fields,viewQuery" + filtered + url.QueryEscape("name ~ 'i'"), "", 200, false},
}

// changing matches the parts of a response that differ between servers.
var changing = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z|"token":"[^"]+"|"_clone_\w+"|"execTime":\d+|"secret":"[^"]+"|"tokenKey":"[^"]+"`)

// TestOperatorsSeeTheSame takes the same steps on both engines.
func TestOperatorsSeeTheSame(t *testing.T) {
	sqlite, postgres := engines(t)
	servers := []*testapp.Server{sqlite, postgres}
	tokens, ids := [2]string{}, [2]string{}
	for i, server := range servers {
		tokens[i] = server.Superuser()
		server.Must(http.StatusOK, tokens[i], http.MethodPatch, "/api/settings", map[string]any{"batch": map[string]any{"enabled": true, "maxRequests": 10, "timeout": 30}})
		for n, message := range []string{"first", "second", "third", "fourth"} {
			data := `{"of":"operator","n":` + string(rune('1'+n)) + `}`
			if _, err := server.App.AuxNonconcurrentDB().Insert("_logs", dbx.Params{"id": "log00000000000" + string(rune('1'+n)), "level": n * 4, "message": message, "data": data, "created": "2026-01-01 0" + string(rune('0'+n/2)) + ":00:00.000Z"}).Execute(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, step := range operatorSteps {
		var answers [2]testapp.Response
		for i, server := range servers {
			var body any
			if step.body != "" {
				body = json.RawMessage(regexp.MustCompile("CLINICS").ReplaceAllString(step.body, ids[i]))
			}
			answers[i] = server.Call(tokens[i], step.method, step.path, body)
			if step.path == collectionsPath && ids[i] == "" {
				var collection struct{ ID string }
				answers[i].Decode(server, &collection)
				ids[i] = collection.ID
			}
			answers[i].Body = changing.ReplaceAllString(answers[i].Body, "…")
		}
		if answers[0].Status != step.status {
			t.Errorf("%s: SQLite answers %d %.300s", step.name, answers[0].Status, answers[0].Body)
		}
		if answers[0].Status != answers[1].Status || !step.worded && answers[0].Body != answers[1].Body {
			t.Errorf("%s:\n    SQLite: %d %s\nPostgreSQL: %d %s", step.name, answers[0].Status, answers[0].Body, answers[1].Status, answers[1].Body)
		}
	}
}
