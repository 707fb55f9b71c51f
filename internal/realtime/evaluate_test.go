package realtime_test

import (
	"net/url"
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/realtime"
	"carebase/internal/testing/testapp"
)

// TestRulesHoldForChangesAsForRecords compares what rules say of a record as it was written
// with what they say of it in its table, where columns convert what they are compared with.
func TestRulesHoldForChangesAsForRecords(t *testing.T) {
	s := testapp.New(t)
	alice, users := s.SignUp("alice"), collection(t, s, "users")
	things := core.NewBaseCollection("things")
	things.Fields.Add(
		&core.TextField{Name: "text"}, &core.NumberField{Name: "number"}, &core.BoolField{Name: "yes"}, &core.JSONField{Name: "data"}, &core.DateField{Name: "on"},
		&core.SelectField{Name: "kinds", Values: []string{"a", "1"}, MaxSelect: 2}, &core.RelationField{Name: "owner", CollectionId: users.Id},
		&core.RelationField{Name: "team", CollectionId: users.Id, MaxSelect: 3}, &core.GeoPointField{Name: "place"},
	)
	save(t, s, things)
	account, err := s.App.FindRecordById(users, alice.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, fields := range []map[string]any{
		nil,
		{"text": alice.ID, "number": 5, "yes": true, "data": map[string]any{"a": 1, "b": []any{1, "x"}}, "on": "2026-01-02 03:04:05.678Z", "kinds": []string{"a", "1"}, "owner": alice.ID, "team": []string{alice.ID}},
		{"text": "5", "number": 5.5, "data": 5, "kinds": []string{"1"}, "place": map[string]any{"lon": 1.5, "lat": 2}},
		{"text": "05", "number": -0.25, "data": "5"}, {"text": "1e2", "number": 100, "data": []any{alice.ID}}, {"text": "A", "number": 1e20, "data": true}, {"number": 1, "yes": true, "data": nil}, {"number": 1e17, "text": "1e+17"},
		{"data": types.JSONRaw("1.0"), "text": "1"}, {"data": types.JSONRaw("1e2"), "number": 100}, {"data": types.JSONRaw("-0.50")}, {"data": types.JSONRaw("12345678901234567890")}, {"data": types.JSONRaw(" 7 ")}, {"data": types.JSONRaw("-0")}, {"data": types.JSONRaw("0.1000000000000000055511151231257827")}, {"data": types.JSONRaw("1E400")},
		{"data": types.JSONRaw("1e17")}, {"data": types.JSONRaw("9007199254740993.0")}, {"data": types.JSONRaw("12345678901234567.5")}, {"data": types.JSONRaw("-9223372036854775808")}, {"data": types.JSONRaw("9223372036854775807")}, {"data": types.JSONRaw("1e-400")}, {"data": types.JSONRaw("[1e17, 1.0]")},
	} {
		record := core.NewRecord(things)
		record.Load(fields)
		if err := s.App.Save(record); err != nil {
			t.Fatal(err)
		}
		for _, who := range []*core.Record{nil, account} {
			info := &core.RequestInfo{Auth: who, Query: map[string]string{"n": "5"}}
			for _, rule := range comparisons {
				want, err := s.App.CanAccessRecord(record, info, types.Pointer(rule))
				if err != nil {
					t.Fatalf("%s: %v", rule, err)
				}
				if got, err := realtime.HoldsAlone(t.Context(), s.App, record.Fresh(), info, rule, true); err != nil || got != want {
					t.Errorf("%s of %v for %v: got %v, %v", rule, fields, who, got, err)
				}
			}
		}
	}
}

var comparisons = []string{
	`number = "5"`, `number != "5"`, `number < "1"`, `number > "1"`, `number >= "5"`, `number <= "5.5"`, `number = 5`, `number ~ "5"`, `number = ""`, `number != ""`, `number < "a"`,
	`number = text`, `number != text`, `number < text`, `text < number`, `number = @request.query.n`, `number < @request.query.n`, `number != @request.auth.id`, `number < owner`, `owner < number`,
	`number ~ "e+"`, `number !~ "e"`, `number ~ ".0"`, `number ~ text`, `number = data`, `number != yes`, `number = yes`, `yes = "1"`, `yes != "1"`, `yes = true`, `yes = 1`, `yes = text`, `yes > ""`, `text = 5`, `text != 5`, `text > 4`, `text = "5"`, `text = @request.auth.id`, `text:lower = "a"`,
	`data = 5`, `data = "5"`, `data != 5`, `data.a = "1"`, `data.a = 1`, `data > 4`, `data > "4"`, `data = null`, `data ~ "."`, `data ~ "e"`, `data !~ "0"`, `data ~ text`, `text ~ data`, `data = number`, `data != number`, `data < number`, `data = text`, `data ~ @request.auth.id`, `data.b.1 = "x"`, `data:length > 0`,
	`on > "2020-01-01"`, `on = ""`, `on < @now`, `on > 5`, `kinds = "a"`, `kinds ?= "1"`, `kinds:each = 1`, `kinds:length = 2`, `kinds ?= number`, `kinds:each ?= number`,
	`owner = @request.auth.id`, `owner != @request.auth.id`, `team ?= @request.auth.id`, `team:each = text`, `team:length = 0`, `team.id ?= @request.auth.id`, `owner.verified = yes`,
	`place.lon = "1.5"`, `place.lon > 1`, `@collection.things.number ?= number`, `@collection.things.text ?= number`,
}

// TestSubscriptionsOfOneFilter has a superuser subscribe twice with a filter that asks for
// the subscription's own parameter.
func TestSubscriptionsOfOneFilter(t *testing.T) {
	s := testapp.New(t)
	notes := core.NewBaseCollection("notes")
	notes.Fields.Add(&core.TextField{Name: "text"})
	save(t, s, notes)
	topic := func(text string) string {
		return "notes/*?options=" + url.QueryEscape(`{"query":{"filter":"text = @request.query.text","text":"`+text+`"}}`)
	}
	subscriber := subscribe(t, s.Connect(), s.Superuser(), topic("a"), topic("b"))
	for range 3 {
		for _, text := range []string{"a", "b"} {
			id := write(t, s, notes, map[string]any{"text": text})
			if event := expect(t, subscriber, "create", id); event.Topic != topic(text) {
				t.Errorf("%s came to %s", text, event.Topic)
			}
		}
	}
}

// TestAccountsOfARenamedCollection has rules that ask for the name of the account's
// collection, which another one has taken over.
func TestAccountsOfARenamedCollection(t *testing.T) {
	s := testapp.New(t)
	accounts, rules := staff(t, s), map[string]string{
		"old": "@request.auth.collectionName = 'staff'", "asked": "@request.auth.collectionName = 'staff' || id = ''", "new": "@request.auth.collectionName = 'crew'",
	}
	nurse, err := s.App.FindRecordById(accounts, write(t, s, accounts, nil))
	if err != nil {
		t.Fatal(err)
	}
	token, err := nurse.NewAuthToken()
	if err != nil {
		t.Fatal(err)
	}
	var topics []string
	for name, rule := range rules {
		notes := core.NewBaseCollection(name)
		notes.ListRule = &rule
		save(t, s, notes)
		topics = append(topics, name+"/*")
	}
	subscriber, operator := subscribe(t, s.Connect(), token, topics...), s.Superuser()
	s.Must(200, operator, "PATCH", "/api/collections/staff", map[string]any{"name": "crew"})
	save(t, s, core.NewAuthCollection("staff"))
	for _, name := range []string{"old", "asked"} {
		write(t, s, collection(t, s, name), nil)
	}
	expect(t, subscriber, "create", write(t, s, collection(t, s, "new"), nil))
}
