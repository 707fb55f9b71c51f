package hooks_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/testing/testapp"
)

// operatorsViews are views by name, some of which read others.
var operatorsViews = [][2]string{
	{"ages", "SELECT id, age, created_by FROM patients"},
	{"elders", "SELECT a.id, (a.age >= 50) AS old, (SELECT count(*) FROM patients) AS number FROM ages a; "},
	{"cares", "SELECT m.id, p.name, d.name AS doctor, a.id AS aged FROM mappings m JOIN patients p ON p.id = m.patient LEFT JOIN doctors d ON d.id = m.doctor JOIN ages a ON a.id = p.id"},
	{"owners", "SELECT created_by AS id, count(*) AS number, 'it''s (' AS text FROM [Patients] GROUP BY created_by"},
	{"places", "SELECT rowid AS id, name FROM `PATIENTS` p WHERE p._rowid_ > 0"},
	{"all_ids", "WITH ages AS (SELECT id, name FROM patients) SELECT id, name FROM ages WHERE name != '' UNION ALL SELECT id, guest FROM `visits` WHERE id NOT IN (SELECT name FROM ages)"},
	{"numbered", "SELECT (ROW_NUMBER() OVER (ORDER BY p.id)) AS id, cares.name FROM patients p, patients cares WHERE p.id = cares.id"},
	{"billed", "SELECT b.id, p.name FROM bills b LEFT JOIN patients p ON p.id = b.patient"},
	{"visited", "SELECT v.id, v.guest FROM visits v"},
	{"guests", "SELECT guest AS id, count(*) AS visits FROM visited GROUP BY guest"},
}

// wantOfViews checks the numbers of records in views.
func (h *held) wantOfViews(token string, numbers map[string]int, parameters ...string) {
	h.Helper()
	for name, number := range numbers {
		h.want(token, testapp.Records(name, parameters...), number)
	}
}

// open makes a view, or a collection with fields, that every user may read.
func (h *held) open(collection *core.Collection, rule string, fields ...core.Field) {
	h.Helper()
	collection.ListRule, collection.ViewRule = &rule, &rule
	collection.Fields.Add(fields...)
	if err := h.App.Save(collection); err != nil {
		h.Fatal(err)
	}
}

func (h *held) view(name, query string) *core.Collection {
	view := core.NewViewCollection(name)
	view.ViewQuery = query
	return view
}

func newHeldViews(t *testing.T) (h *held, alice, bob testapp.User) {
	h = newHeld(t)
	alice, bob = h.SignUp("alice"), h.SignUp("bob")
	for name, field := range map[string]*core.RelationField{"visits": {Name: "guest", CollectionId: "users"}, "bills": {Name: "patient", CollectionId: "patients"}} {
		referred, err := h.App.FindCollectionByNameOrId(field.CollectionId)
		if err != nil {
			t.Fatal(err)
		}
		field.CollectionId, field.CascadeDelete = referred.Id, true
		h.open(core.NewBaseCollection(name), "", field)
	}
	for _, view := range operatorsViews {
		if strings.HasPrefix(view[0], "visit") || view[0] == "guests" {
			h.open(h.view(view[0], view[1]), "@request.auth.id != ''")
			continue
		}
		h.Must(http.StatusOK, h.superuser, "POST", "/api/collections", map[string]any{"name": view[0], "type": "view", "viewQuery": view[1]})
	}
	h.open(core.NewBaseCollection("news"), "@collection.visited.guest ?= '"+alice.ID+"'")
	h.open(core.NewBaseCollection("olds"), "@collection.visited.guest = '"+bob.ID+"'")
	h.open(core.NewBaseCollection("oldest"), "@collection.visits.guest = '"+bob.ID+"'")
	for _, name := range []string{"news", "olds", "oldest"} {
		h.Must(http.StatusOK, h.superuser, "POST", testapp.Records(name), map[string]any{})
	}
	patients := h.patients(alice, many)
	doctor := h.Doctor(bob, "James")
	h.mappings(alice, patients, doctor)
	treated := h.Patient(bob, "Treated")
	h.Mapping(bob, treated, doctor)
	for _, patient := range []string{patients[0], treated} {
		h.Must(http.StatusOK, h.superuser, "POST", testapp.Records("bills"), map[string]any{"patient": patient})
	}
	for _, guest := range []testapp.User{alice, alice, bob} {
		h.Must(http.StatusOK, h.superuser, "POST", testapp.Records("visits"), map[string]any{"guest": guest.ID})
	}
	h.holdOn("users", alice.ID)
	return h, alice, bob
}

func (h *held) deleteAccount(user testapp.User) {
	h.Helper()
	h.Must(http.StatusNoContent, user.Access, "DELETE", testapp.Records("users")+"/"+user.ID, nil)
}

func TestViewsShowNothingOfADeletedAccount(t *testing.T) {
	h, alice, bob := newHeldViews(t)
	all := map[string]int{"ages": many + 1, "elders": many + 1, "cares": many + 1, "owners": 2, "places": many + 1, "all_ids": many + 4, "numbered": many + 1, "billed": 2, "visited": 3, "guests": 2}
	open := map[string]int{"visited": 3, "guests": 2, "news": 1, "olds": 0, "oldest": 0}
	h.wantOfViews(h.superuser, all)
	h.wantOfViews(bob.Access, open)
	events := h.Must(http.StatusOK, h.superuser, "GET", testapp.Records("audit_events"), nil)["totalItems"].(float64)

	h.deleteAccount(alice)
	left := map[string]int{"ages": 1, "elders": 1, "cares": 1, "owners": 1, "places": 1, "all_ids": 2, "numbered": 1, "billed": 1, "visited": 1, "guests": 1}
	leftOpen := map[string]int{"visited": 1, "guests": 1, "news": 0, "olds": 1, "oldest": 1}
	check := func() {
		t.Helper()
		h.wantOfViews(h.superuser, left)
		h.wantOfViews(bob.Access, leftOpen)
		h.wantOfViews(h.superuser, map[string]int{"ages": 1}, "filter", "created_by != ''", "sort", "-age")
		h.wantOfViews(h.superuser, map[string]int{"elders": 1}, "filter", "old = 0", "sort", "old")
		h.wantOfViews(h.superuser, map[string]int{"elders": 1}, "filter", "old = false && old != true")
		h.wantOfViews(h.superuser, map[string]int{"elders": 0}, "filter", "old = 1 || old ~ 'x'")
		h.wantOfViews(h.superuser, map[string]int{"ages": 0}, "filter", "created_by = '"+alice.ID+"'")
		h.wantOfViews(h.superuser, map[string]int{"doctors": 0}, "filter", "@collection.cares.name ?~ 'Patient' && @collection.cares.id ?!= id")
		if got := h.Must(http.StatusOK, h.superuser, "GET", testapp.Records("audit_events"), nil)["totalItems"].(float64); got < events {
			t.Errorf("%v events are listed, of %v", got, events)
		}
		for _, name := range []string{"ages", "elders", "cares", "visited"} {
			if got := h.Call(h.superuser, "GET", testapp.Records(name)+"/1000000", nil).Status; got != http.StatusNotFound {
				t.Errorf("%s: got %d", name, got)
			}
		}
		elder := h.Must(http.StatusOK, h.superuser, "GET", testapp.Records("elders"), nil)["items"].([]any)[0].(map[string]any)
		if elder["number"] != 1.0 || elder["old"] != 0.0 {
			t.Errorf("got %v", elder)
		}
		care := h.Must(http.StatusOK, h.superuser, "GET", testapp.Records("cares", "expand", "aged"), nil)["items"].([]any)[0].(map[string]any)
		if aged, _ := care["expand"].(map[string]any)["aged"].(map[string]any); aged["created_by"] != bob.ID {
			t.Errorf("got %v", care)
		}
	}
	check()
	if h.count("patients", "created_by = '"+alice.ID+"'") != many {
		t.Fatal("the worker was not held")
	}
	h.release()
	check()
}

// TestPreviewsShowNothingOfADeletedAccount looks at what the dashboard shows of a view
// before it is saved.
func TestPreviewsShowNothingOfADeletedAccount(t *testing.T) {
	h, alice, _ := newHeldViews(t)
	h.deleteAccount(alice)
	for _, query := range []string{"SELECT id, name FROM patients", "SELECT rowid AS id, name FROM patients", "SELECT (ROW_NUMBER() OVER ()) AS id, age FROM ages"} {
		got := h.Must(http.StatusOK, h.superuser, "POST", "/api/collections/meta/dry-run-view", map[string]any{"query": query})
		if sample := got["sample"].([]any); len(sample) != 1 {
			t.Errorf("%s: got %v", query, sample)
		}
	}
	h.release()
}

// TestViewsThatChangeWhileRowsAreHidden changes one, and has another one that the database
// has under the name of a collection that reads nothing, as another process may have left it.
func TestViewsThatChangeWhileRowsAreHidden(t *testing.T) {
	h, alice, _ := newHeldViews(t)
	h.Must(http.StatusOK, h.superuser, "POST", "/api/collections", map[string]any{"name": "later", "type": "view", "viewQuery": "SELECT id FROM visits"})
	h.deleteAccount(alice)
	h.want(h.superuser, testapp.Records("later"), 1)
	h.Must(http.StatusOK, h.superuser, "PATCH", "/api/collections/later", map[string]any{"viewQuery": "SELECT id, name, guest FROM (SELECT id, name, created_by AS guest FROM patients)"})
	h.want(h.superuser, testapp.Records("later"), 1)
	h.Must(http.StatusOK, h.superuser, "PATCH", "/api/collections/later", map[string]any{"name": "latest"})
	h.want(h.superuser, testapp.Records("latest"), 1)
	h.Must(http.StatusOK, h.superuser, "PATCH", "/api/collections/latest", map[string]any{"viewQuery": "SELECT id FROM news"})
	for _, statement := range []string{"DROP VIEW latest", "CREATE VIEW latest AS SELECT * FROM (SELECT id FROM patients)"} {
		if _, err := h.App.DB().NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	h.want(h.superuser, testapp.Records("latest"), 1) // of news
	h.release()
}

// TestViewsThatCannotBeReadWithoutHiddenRows names tables so that nothing else can stand
// for them.
func TestViewsThatCannotBeReadWithoutHiddenRows(t *testing.T) {
	h, alice, _ := newHeldViews(t)
	h.open(h.view("qualified", "SELECT id, guest FROM main.visits"), "")
	h.open(h.view("within", "SELECT id FROM qualified"), "")
	h.open(h.view("everything", "SELECT id, guest FROM (SELECT *, 'once' AS times FROM visits WHERE rowid > 0)"), "")
	h.Must(http.StatusOK, h.superuser, "POST", "/api/collections", map[string]any{"name": "derived", "type": "view", "viewQuery": "SELECT (ROW_NUMBER() OVER ()) AS id, number FROM record_counts"})
	h.open(core.NewBaseCollection("closed"), "@collection.within.id ?!= id")
	h.Must(http.StatusOK, h.superuser, "POST", testapp.Records("closed"), map[string]any{})
	h.wantOfViews("", map[string]int{"qualified": 3, "within": 3, "everything": 3, "closed": 1})
	h.deleteAccount(alice)
	paths := []string{
		testapp.Records("qualified"), testapp.Records("within"), testapp.Records("within") + "/x", testapp.Records("closed"), testapp.Records("closed", "skipTotal", "true"),
	}
	if _, ok := testapp.PostgreSQL(h.App); ok { // where * has the row ids anyway
		h.wantOfViews("", map[string]int{"everything": 1})
	} else {
		paths = append(paths, testapp.Records("everything"))
	}
	for _, path := range paths {
		if got := h.Call("", "GET", path, nil); got.Status != http.StatusServiceUnavailable || !strings.Contains(got.Body, "until what belongs to a deleted record is removed") {
			t.Errorf("%s: got %d %s", path, got.Status, got.Body)
		}
	}
	if got := h.Call(h.superuser, "GET", testapp.Records("derived"), nil).Status; got != http.StatusServiceUnavailable {
		t.Errorf("got %d", got)
	}
	h.release()
	if _, ok := testapp.PostgreSQL(h.App); !ok { // where more may be stored for a while
		testapp.Eventually(t, 10*time.Second, "all is shown", func() bool {
			return h.Call("", "GET", testapp.Records("qualified"), nil).Status == http.StatusOK
		})
		h.wantOfViews("", map[string]int{"qualified": 1, "within": 1, "closed": 1})
	}
}

// TestSubscribersHearWhereTheDatabaseDoesNotAnswer has a list rule, what a record is
// expanded by and a manage rule ask a view that cannot be read for a while.
func TestSubscribersHearWhereTheDatabaseDoesNotAnswer(t *testing.T) {
	h, alice, bob := newHeldViews(t)
	const rule = "@collection.qualified.id ?!= id"
	h.open(h.view("qualified", "SELECT id, guest FROM main.visits"), "")
	closed, members := core.NewBaseCollection("closed"), core.NewAuthCollection("members")
	h.open(closed, rule)
	h.open(core.NewBaseCollection("notices"), "", &core.RelationField{Name: "about", CollectionId: closed.Id})
	members.ManageRule = types.Pointer(rule)
	h.open(members, "")
	about := h.Must(http.StatusOK, h.superuser, "POST", testapp.Records("closed"), nil)["id"]
	bodies := map[string]map[string]any{
		"closed":  {},
		"notices": {"about": about},
		"members": {"password": "0123456789", "passwordConfirm": "0123456789"},
	}
	subscribers, created := map[string]*testapp.Subscriber{}, map[string]string{}
	create := func(name string) {
		body := maps.Clone(bodies[name])
		if name == "members" {
			body["email"] = fmt.Sprintf("member%d@example.com", len(created))
		}
		created[name] = h.Must(http.StatusOK, h.superuser, "POST", testapp.Records(name), body)["id"].(string)
	}
	for name := range bodies {
		subscribers[name] = h.Connect()
		topic := name + "/*?options=" + url.QueryEscape(`{"query":{"expand":"about"}}`)
		if got := subscribers[name].Subscribe(bob.Access, topic).Status; got != http.StatusNoContent {
			t.Fatalf("%s: got %d", name, got)
		}
		create(name)
		if event := subscribers[name].Next(); !event.Is("create", created[name]) {
			t.Errorf("%s: got %+v", name, event)
		}
	}
	h.deleteAccount(alice)
	for name, subscriber := range subscribers {
		create(name)
		if event := subscriber.Next(); event.Topic != "@gap" {
			t.Errorf("%s: got %+v", name, event)
		}
	}
	h.Must(http.StatusNoContent, h.superuser, "DELETE", testapp.Records("closed")+"/"+created["closed"], nil)
	if event := subscribers["closed"].Next(); event.Topic != "@gap" {
		t.Errorf("deleted: got %+v", event)
	}
	h.release()
}

// TestWhatBelongsThroughOthersIsHidden has records that belong to a patient of a deleted
// account through four others.
func TestWhatBelongsThroughOthersIsHidden(t *testing.T) {
	h := newHeld(t)
	alice, bob := h.SignUp("alice"), h.SignUp("bob")
	patients := h.patients(alice, many)
	last := patients[0]
	collections := []string{"patients", "stays", "wards", "rooms", "beds", "sheets"}
	for i, name := range collections[1:] {
		before, err := h.App.FindCollectionByNameOrId(collections[i])
		if err != nil {
			t.Fatal(err)
		}
		h.open(core.NewBaseCollection(name), "@request.auth.id != ''", &core.RelationField{Name: "of", CollectionId: before.Id, CascadeDelete: true})
		last = h.Must(http.StatusOK, h.superuser, "POST", testapp.Records(name), map[string]any{"of": last})["id"].(string)
	}
	h.holdOn("users", alice.ID)
	h.deleteAccount(alice)
	for _, name := range collections[1:] {
		for _, token := range []string{bob.Access, h.superuser} {
			h.want(token, testapp.Records(name), 0)
		}
	}
	h.release()
}
