package hooks_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
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
	c := newClinic(t)
	for _, filter := range backRelations {
		for _, token := range []string{c.alice.Access, ""} {
			c.want(c.Call(token, "GET", records("doctors", "filter", filter), nil), 403)
			c.want(c.Call(token, "GET", records("patients", "filter", filter), nil), 403)
		}
		c.want(c.Connect().Subscribe(c.alice.Access, topic("doctors/*", "filter", filter)), 403)
		c.want(c.Connect().Subscribe(c.alice.Access, topic("doctors/"+c.doctor, "filter", filter)), 403)
	}
	for _, sort := range []string{"mappings_via_doctor.patient.name", "-mappings_via_doctor.patient.name", "name,+mappings_via_doctor.id"} {
		c.want(c.Call(c.alice.Access, "GET", records("doctors", "sort", sort), nil), 403)
	}
	// A repeated parameter must not hide behind a harmless one.
	c.want(c.Call(c.alice.Access, "GET", records("doctors", "filter", "name!=''")+"&filter="+url.QueryEscape(backRelations[0]), nil), 403)

	superuserSees := c.ids(c.superuser, records("doctors", "filter", "mappings_via_doctor.patient.name ?~ 'Secret'"))
	if !slices.Equal(superuserSees, []string{c.doctor}) {
		t.Errorf("superuser got %v", superuserSees)
	}
}

// topic is a subscription with options as PocketBase's SDK writes them.
func topic(name, option, value string) string {
	options, _ := json.Marshal(map[string]any{"query": map[string]any{option: value}})
	return name + "?options=" + url.QueryEscape(string(options))
}

func TestOrdinaryQueriesWork(t *testing.T) {
	c := newClinic(t)
	for _, test := range []struct {
		path string
		want []string
	}{
		{records("patients", "filter", "name ~ 'Ann' && age > 3", "sort", "-created_at,name"), []string{c.alicePatient}},
		{records("patients", "filter", "name != '_via_'"), []string{c.alicePatient}},
		{records("patients", "filter", `notes = "mappings_via_patient" || name = 'Anna'`), []string{c.alicePatient}},
		{records("mappings", "filter", "patient.name = 'Anna' && doctor.name ~ 'House'", "sort", "patient.name"), []string{c.aliceMapping}},
		{records("doctors", "filter", "speciality = 'Nephrology'", "sort", "@rowid"), []string{c.doctor}},
		{records("patients", "filter", "created_by.name ~ 'alice'"), []string{c.alicePatient}},
	} {
		if got := c.ids(c.alice.Access, test.path); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.path, got, test.want)
		}
	}
}

func TestForwardRelationsTellNothing(t *testing.T) {
	c := newClinic(t)
	for _, path := range []string{
		records("patients", "filter", "id = '"+c.bobPatient+"'"),
		records("patients", "filter", "name ~ 'Secret'"),
		records("mappings", "filter", "patient = '"+c.bobPatient+"'"),
		records("mappings", "filter", "patient ?= '"+c.bobPatient+"'"),
		records("mappings", "filter", "patient.name ?~ 'Secret'"),
		records("doctors", "filter", "created_by.email = '"+c.carol.Email+"'"),
		records("doctors", "filter", "created_by.name ~ 'carol'"),
		records("users", "filter", "email ~ 'bob'"),
		records("users", "filter", "id = '"+c.bob.ID+"'"),
	} {
		if got := c.ids(c.alice.Access, path); len(got) != 0 {
			t.Errorf("%s: got %v", path, got)
		}
	}
	// The order of doctors must not tell the order of their owners' names.
	if got := c.ids(c.alice.Access, records("doctors", "sort", "created_by.name")); len(got) != 0 {
		t.Errorf("sorted by owners: got %v", got)
	}
	for _, filter := range []string{"@collection.patients.name ~ 'Secret'", "@request.auth.id != ''"} {
		c.want(c.Call(c.alice.Access, "GET", records("doctors", "filter", filter), nil), 403)
	}
}

func TestExpandShowsOnlyOnesOwn(t *testing.T) {
	c := newClinic(t)
	for _, expand := range []string{
		"mappings_via_doctor.patient", "mappings_via_doctor", "created_by", "created_by.patients_via_created_by", "mappings_via_doctor.patient.created_by",
	} {
		for _, path := range []string{records("doctors", "expand", expand), records("doctors", "expand", expand, "fields", "*,expand.*")} {
			body := c.Call(c.alice.Access, "GET", path, nil).Body
			if strings.Contains(body, "Secret") || strings.Contains(body, c.bobPatient) || strings.Contains(body, c.bobMapping) || strings.Contains(body, "carol@") {
				t.Errorf("%s: got %s", path, body)
			}
		}
	}
	own := c.Call(c.alice.Access, "GET", records("patients", "expand", "mappings_via_patient.doctor,created_by"), nil).Body
	if !strings.Contains(own, "Gregory House") || !strings.Contains(own, c.alice.Email) {
		t.Errorf("own relations: got %s", own)
	}
}
