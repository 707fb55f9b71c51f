package server_test

import (
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// wide are queries that ask for more than a user may.
var wide = map[string]map[string]string{
	"along and back":      {"expand": "created_by.patients_via_created_by.created_by"},
	"along and back, old": {"expand": "created_by.patients(created_by)"},
	"back and along":      {"expand": "mappings_via_patient.patient"},
	"by id":               {"expand": "created_by.PATIENTS_via_created_by"},
	"deep":                {"expand": "created_by.doctors_via_created_by.mappings_via_doctor.patient"},
	"many paths":          {"expand": strings.Repeat("created_by,", 11)},
	"long filter":         {"filter": "name != '" + strings.Repeat("x", 2000) + "'"},
	"many operands":       {"filter": strings.Repeat("age=1||", 101) + "age=1"},
	"deep filter":         {"filter": "created_by.a.b.c.d = 1"},
	"brackets":            {"filter": strings.Repeat("(", 7) + "age=1" + strings.Repeat(")", 7)},
	"many sorts":          {"sort": "name,age,notes,id,created_at"},
	"deep sort":           {"sort": "created_by.a.b.c.d"},
	"long fields":         {"fields": strings.Repeat("name,", 500)},
}

func TestQueriesAreBounded(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	one := testapp.Records("patients") + "/" + c.AlicePatient
	for name, query := range wide {
		for parameter, value := range query {
			asked := strings.TrimPrefix(testapp.Records("", parameter, value), testapp.Records(""))
			t.Run(name, func(t *testing.T) {
				c := c
				c.Server = &testapp.Server{TB: t, App: c.App, URL: c.URL}
				c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("patients")+asked, nil), 400)
				c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("patients")+"?"+parameter+"=name&"+asked[1:], nil), 400)
				c.Want(c.Connect().Subscribe(c.Alice.Access, topic("patients/*", parameter, value)), 400)
				if parameter == "expand" {
					c.Want(c.Call(c.Alice.Access, "GET", one+asked, nil), 400)
					c.Want(c.Call(c.Alice.Access, "PATCH", one+asked, map[string]any{"age": 7}), 400)
					c.Want(c.Call(c.Alice.Access, "POST", testapp.Records("patients")+asked, map[string]any{"name": "x", "age": 7}), 400)
					c.Want(c.Batch(c.Alice.Access, "PATCH", one+asked, map[string]any{"age": 7}), 400)
				}
			})
		}
	}
	if age := c.Must(200, c.Alice.Access, "GET", one, nil)["age"]; age == float64(7) {
		t.Error("a refused update was stored")
	}
	// Superusers have more room, but no way back.
	c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("patients", "expand", wide["deep"]["expand"]), nil), 200)
	c.Want(c.Call(c.SuperuserToken, "GET", testapp.Records("patients", "expand", wide["back and along"]["expand"]), nil), 400)
	// So do the answers of doors where people sign in.
	c.Want(c.Call(c.Alice.Access, "POST", "/api/collections/users/auth-refresh?expand=patients_via_created_by.created_by", nil), 400, 403)
	// What is in quotes is a text.
	c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("patients", "filter", `name != '((((((((((' && notes != "\"(((((((("`), nil), 200)
}

// TestAnswersExpandABoundedNumber asks for more records than an answer may have,
// on a path that goes nowhere back.
func TestAnswersExpandABoundedNumber(t *testing.T) {
	t.Parallel()
	c := testapp.NewClinic(t)
	for range 80 {
		c.Mapping(c.Alice, c.Patient(c.Alice, "One of many"), c.DoctorID)
	}
	path := testapp.Records("mappings", "perPage", "100", "expand", "created_by.patients_via_created_by")
	answer := c.Call(c.Alice.Access, "GET", path, nil)
	c.Want(answer, 400)
	if !strings.Contains(answer.Body, "too many records") {
		t.Errorf("got %s", answer.Body)
	}
	c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("mappings", "perPage", "20", "expand", "created_by.patients_via_created_by"), nil), 200)
	c.Want(c.Call(c.SuperuserToken, "GET", path, nil), 200)
	patch := c.Batch(c.Alice.Access, "PATCH", testapp.Records("patients")+"/"+c.AlicePatient+"?expand=created_by.doctors_via_created_by", map[string]any{"age": 8})
	c.Want(patch, 200)
}

func TestGuestsSubscribeToNothingOfTheClinic(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, collection := range []string{"patients", "doctors", "mappings", "users", "_mfas"} {
		for _, topic := range []string{collection, collection + "/*", collection + "/abc", topic(collection+"/*", "filter", "name = 'x'")} {
			c.Want(c.Connect().Subscribe("", topic), http.StatusUnauthorized)
		}
	}
	for _, collection := range []string{"sessions", "blacklisted_tokens", "login_attempts", "audit_events"} {
		c.Want(c.Connect().Subscribe("", collection+"/*"), http.StatusForbidden)
		c.Want(c.Connect().Subscribe(c.Alice.Access, collection), http.StatusForbidden)
	}
	c.Must(200, c.SuperuserToken, "POST", "/api/collections", map[string]any{"name": "news", "type": "base", "listRule": ""})
	c.Want(c.Connect().Subscribe("", "news/*", "@oauth2"), 204)
}

func TestSubscriptionsAreCapped(t *testing.T) {
	settings := testapp.Default()
	settings.Realtime.MaxSubscriptions, settings.Realtime.MaxClients = 2, 5
	c := testapp.Serve(t, testapp.NewApp(t, settings))
	alice, bob := c.SignUp("alice"), c.SignUp("bob")
	want := func(status int, answer testapp.Response) {
		t.Helper()
		if answer.Status != status {
			t.Errorf("got %d %s, want %d", answer.Status, answer.Body, status)
		}
	}
	first := c.Connect()
	want(400, first.Subscribe(alice.Access, "patients", "doctors", "mappings"))
	want(400, first.Subscribe(alice.Access, topic("patients", "filter", "name='"+strings.Repeat("x", 1900)+"'"), topic("doctors", "filter", "a.b.c.d.e.f=1")))
	for range 4 {
		want(204, c.Connect().Subscribe(alice.Access, "patients", "doctors"))
	}
	want(429, first.Subscribe(alice.Access, "patients"))
	want(204, first.Subscribe(bob.Access, "patients"))
	for range 4 {
		want(204, c.Connect().Subscribe(bob.Access, "patients"))
	}
	want(429, c.Connect().Subscribe(bob.Access))
	// 10 connections are open, of 50 that the address may have.
	for range 40 {
		c.Connect()
	}
	want(429, c.Call("", "GET", "/api/realtime", nil))
}
