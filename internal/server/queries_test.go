package server_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// backRelations ask about patients of others by way of a doctor that both can
// see.
var backRelations = []string{
	"mappings_via_doctor.patient.name !~ 'Secret'",
	"mappings_via_doctor.patient.name ~ 'Secret'",
	"mappings_via_doctor.patient.id ?= 'abc'",
	"name = 'x' || mappings_via_doctor.patient.age:each > 1",
	"created_by.patients_via_created_by.name !~ 'Secret'",
	"@request.auth.patients_via_created_by.mappings_via_patient.doctor.mappings_via_doctor.patient.name !~ 'Secret'",
	"mappings_via_doctor.patient.name !~ 'unfinished",
}

func TestBackRelationsTellNothing(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, filter := range backRelations {
		for _, token := range []string{c.Alice.Access, ""} {
			c.Want(c.Call(token, "GET", testapp.Records("doctors", "filter", filter), nil), 403)
			c.Want(c.Call(token, "GET", testapp.Records("patients", "filter", filter), nil), 403)
		}
		c.Want(c.Connect().Subscribe(c.Alice.Access, topic("doctors/*", "filter", filter)), 403)
		c.Want(c.Connect().Subscribe(c.Alice.Access, topic("doctors/"+c.DoctorID, "filter", filter)), 403)
	}
	for _, sort := range []string{"mappings_via_doctor.patient.name", "-mappings_via_doctor.patient.name", "name,+mappings_via_doctor.id"} {
		c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("doctors", "sort", sort), nil), 403)
	}
	// A repeated parameter must not hide behind a harmless one.
	c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("doctors", "filter", "name!=''")+"&filter="+url.QueryEscape(backRelations[0]), nil), 403)

	superuserSees := c.IDs(c.SuperuserToken, testapp.Records("doctors", "filter", "mappings_via_doctor.patient.name ?~ 'Secret'"))
	if !slices.Equal(superuserSees, []string{c.DoctorID}) {
		t.Errorf("superuser got %v", superuserSees)
	}
}

// topic is a subscription with options as PocketBase's SDK writes them.
func topic(name, option, value string) string {
	options, _ := json.Marshal(map[string]any{"query": map[string]any{option: value}})
	return name + "?options=" + url.QueryEscape(string(options))
}

func TestOrdinaryQueriesWork(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, test := range []struct {
		path string
		want []string
	}{
		{testapp.Records("patients", "filter", "name ~ 'Ann' && age > 3", "sort", "-created_at,name"), []string{c.AlicePatient}},
		{testapp.Records("patients", "filter", "name != '_via_'"), []string{c.AlicePatient}},
		{testapp.Records("patients", "filter", `notes = "mappings_via_patient" || name = 'Anna'`), []string{c.AlicePatient}},
		{testapp.Records("mappings", "filter", "patient.name = 'Anna' && doctor.name ~ 'House'", "sort", "patient.name"), []string{c.AliceMapping}},
		{testapp.Records("doctors", "filter", "speciality = 'Nephrology'", "sort", "@rowid"), []string{c.DoctorID}},
		{testapp.Records("patients", "filter", "created_by.name ~ 'alice'"), []string{c.AlicePatient}},
	} {
		if got := c.IDs(c.Alice.Access, test.path); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.path, got, test.want)
		}
	}
}

func TestForwardRelationsTellNothing(t *testing.T) {
	c := testapp.NewClinic(t)
	for _, path := range []string{
		testapp.Records("patients", "filter", "id = '"+c.BobPatient+"'"),
		testapp.Records("patients", "filter", "name ~ 'Secret'"),
		testapp.Records("mappings", "filter", "patient = '"+c.BobPatient+"'"),
		testapp.Records("mappings", "filter", "patient ?= '"+c.BobPatient+"'"),
		testapp.Records("mappings", "filter", "patient.name ?~ 'Secret'"),
		testapp.Records("doctors", "filter", "created_by.email = '"+c.Carol.Email+"'"),
		testapp.Records("doctors", "filter", "created_by.name ~ 'carol'"),
		testapp.Records("users", "filter", "email ~ 'bob'"),
		testapp.Records("users", "filter", "id = '"+c.Bob.ID+"'"),
	} {
		if got := c.IDs(c.Alice.Access, path); len(got) != 0 {
			t.Errorf("%s: got %v", path, got)
		}
	}
	// The order of doctors must not tell the order of their owners' names.
	if got := c.IDs(c.Alice.Access, testapp.Records("doctors", "sort", "created_by.name")); len(got) != 0 {
		t.Errorf("sorted by owners: got %v", got)
	}
	for _, filter := range []string{"@collection.patients.name ~ 'Secret'", "@request.auth.id != ''"} {
		c.Want(c.Call(c.Alice.Access, "GET", testapp.Records("doctors", "filter", filter), nil), 403)
	}
}

func TestExpandShowsOnlyOnesOwn(t *testing.T) {
	c := testapp.NewClinic(t) // in which nothing else has the id 2
	for _, expand := range []string{
		"mappings_via_doctor.patient", "mappings_via_doctor", "created_by", "created_by.patients_via_created_by", "mappings_via_doctor.patient.created_by",
	} {
		for _, path := range []string{testapp.Records("doctors", "expand", expand), testapp.Records("doctors", "expand", expand, "fields", "*,expand.*")} {
			body := c.Call(c.Alice.Access, "GET", path, nil).Body
			if strings.Contains(body, "Secret") || strings.Contains(body, `"id":"`+c.BobPatient+`"`) || strings.Contains(body, `"patient":"`+c.BobPatient+`"`) || strings.Contains(body, "carol@") {
				t.Errorf("%s: got %s", path, body)
			}
		}
	}
	own := c.Call(c.Alice.Access, "GET", testapp.Records("patients", "expand", "mappings_via_patient.doctor,created_by"), nil).Body
	if !strings.Contains(own, "Gregory House") || !strings.Contains(own, c.Alice.Email) {
		t.Errorf("own relations: got %s", own)
	}
}
