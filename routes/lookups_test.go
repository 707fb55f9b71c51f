package routes_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

// TestLookups filters patients by age, time and doctors, alone, together and with a
// search, and never by what the caller may not see.
func TestLookups(t *testing.T) {
	server := testapp.Shared(t)
	checkAgainstReference(t, server)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	house := server.Create(alice, "doctors", map[string]any{"name": "House", "speciality": "Nephrology"})
	grey := server.Create(bob, "doctors", map[string]any{"name": "Grey", "speciality": "Surgery"})
	patients := map[string]string{}
	for name, age := range map[string]int{"newborn": 0, "young": 30, "older": 39, "old": 90} {
		patients[name] = server.Create(alice, "patients", map[string]any{"name": name, "age": age})
	}
	foreign := server.Create(bob, "patients", map[string]any{"name": "young", "age": 30})
	server.Mapping(alice, patients["young"], house)
	server.Mapping(alice, patients["young"], grey)
	server.Mapping(alice, patients["old"], house)
	server.Mapping(bob, foreign, house)
	now := time.Now().UTC()
	past, future := now.Add(-time.Hour).Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339)
	for query, want := range map[string][]string{
		"age__gte=30&age__lte=39":               {"older", "young"},
		"age__lte=0":                            {"newborn"},
		"age__gte=90":                           {"old"},
		"age__gte=":                             {"newborn", "old", "older", "young"},
		"created_at__gte=" + past:               {"newborn", "old", "older", "young"},
		"created_at__lt=" + past:                {},
		"created_at__gte=" + future:             {},
		"doctor=" + house:                       {"old", "young"},
		"doctor=" + grey:                        {"young"},
		"doctor=999999":                         {},
		"doctor__isnull=true":                   {"newborn", "older"},
		"doctor__isnull=False":                  {"old", "young"},
		"doctor__isnull=perhaps":                {"newborn", "old", "older", "young"},
		"doctor__speciality=Nephrology":         {"old", "young"},
		"doctor__speciality=nephrology":         {},
		"doctor=" + house + "&age__lte=39":      {"young"},
		"doctor__isnull=true&search=new":        {"newborn"},
		"doctor=" + house + "&search=young":     {"young"},
		"doctor__speciality=Surgery&search=old": {},
	} {
		got := []string{}
		for _, patient := range server.Call(alice.Access, "GET", "/api/patients/?ordering=name&"+query, nil).List(server) {
			got = append(got, patient["name"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", query, got, want)
		}
		page := server.Must(http.StatusOK, alice.Access, "GET", "/api/patients/?page=1&"+query, nil)
		if page["count"] != float64(len(want)) {
			t.Errorf("%s: counts %v, not %d", query, page["count"], len(want))
		}
	}
	for query, message := range map[string]string{
		"age__gte=old":               `{"age__gte":["Enter a number."]}`,
		"created_at__lt=today":       `{"created_at__lt":["Enter a valid date/time."]}`,
		"doctor__speciality=a%00b":   `{"doctor__speciality":["Null characters are not allowed."]}`,
		"doctor=" + `{"a":1}`:        `{"doctor":["Select a valid choice.`,
		"age__gte=x&search=ordinary": `{"age__gte":["Enter a number."]}`,
	} {
		if got := server.Call(alice.Access, "GET", "/api/patients/?"+query, nil); got.Status != http.StatusBadRequest || !strings.HasPrefix(got.Body, strings.TrimSuffix(message, "}")) {
			t.Errorf("%s: got %d %s", query, got.Status, got.Body)
		}
	}
}

// TestLookupsSeeNoPrivateDoctors has an assignment from before doctors were private.
func TestLookupsSeeNoPrivateDoctors(t *testing.T) {
	t.Parallel()
	server := testapp.New(t, func(settings *config.Config) { settings.DoctorsScope = config.DoctorsOwner })
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	patient, own := server.Patient(alice, "Ada"), server.Create(alice, "doctors", map[string]any{"name": "House", "speciality": "Nephrology"})
	private := server.Create(bob, "doctors", map[string]any{"name": "Grey", "speciality": "Secret"})
	server.Mapping(alice, patient, own)
	_, err := server.App.NonconcurrentDB().NewQuery("UPDATE mappings SET doctor = '" + private + "'").Execute()
	if err != nil {
		t.Fatal(err)
	}
	for speciality, want := range map[string]int{"Secret": 0, "Nephrology": 0} {
		if got := server.Call(alice.Access, "GET", "/api/patients/?doctor__speciality="+speciality, nil).List(server); len(got) != want {
			t.Errorf("%s: got %s patients", speciality, strconv.Itoa(len(got)))
		}
	}
}
