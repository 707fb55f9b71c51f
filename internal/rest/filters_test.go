package rest

import (
	"net/url"
	"slices"
	"testing"
)

func TestOrdering(t *testing.T) {
	for ordering, want := range map[string][]string{
		"":                         nil,
		"name":                     {"name"},
		"-age, name ":              {"-age", "name"},
		"unknown,-name":            {"-name"},
		"secret":                   nil,
		"--name":                   nil,
		"- name":                   nil,
		"Name":                     nil,
		"name,-name,name,age,-age": {"name", "age"},
		"name;age":                 nil,
	} {
		r := requestTo("/?ordering=" + url.QueryEscape(ordering))
		r.View = &View{Fields: []Field{{Name: "name"}, {Name: "age"}, {Name: "secret", WriteOnly: true}}}
		if got := r.Ordering(); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", ordering, got, want)
		}
	}
}

func TestFilter(t *testing.T) {
	name, age, patient := Field{Name: "f", Type: String}, Field{Name: "f", Type: Integer}, Field{Name: "f", Type: PrimaryKey}
	for _, test := range []struct {
		field Field
		query string
		value any
		given bool
		wrong string
	}{
		{name, "", nil, false, ""},
		{name, "f=", nil, false, ""},
		{name, "f=+%C2%A0", nil, false, ""},
		{name, "f=+a+b+", "a b", true, ""},
		{name, "f=a&f=b", "b", true, ""},
		{name, "f=a;g=b&%zz", "a;g=b", true, ""},
		{name, "f=%FF", "\ufffd", true, ""},
		{name, "f=a%00", nil, false, `{"f":["Null characters are not allowed."]}`},
		{age, "f=+34+", int64(34), true, ""},
		{age, "f=+", nil, false, ""},
		{age, "f=a%00", nil, false, `{"f":["Enter a number."]}`},
		{patient, "f=", nil, false, ""},
		{patient, "f=+7+", "7", true, ""},
		{patient, "f=007", "7", true, ""},
		{patient, "f=k3v9x0q2m7n1p5s", "k3v9x0q2m7n1p5s", true, ""},
		{patient, "f=+", nil, false, `{"f":["Select a valid choice. That choice is not one of the available choices."]}`},
		{patient, "f=7.0", nil, false, `{"f":["Select a valid choice. That choice is not one of the available choices."]}`},
		{patient, "f=a%00", nil, false, `{"f":["Select a valid choice. That choice is not one of the available choices."]}`},
	} {
		value, given, err := requestTo("/?" + test.query).Filter(test.field)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if value != test.value || given != test.given || message != test.wrong {
			t.Errorf("%s ?%s: got %#v, %v, %q", test.field.Type, test.query, value, given, message)
		}
	}
}
