package routes_test

import (
	"fmt"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"
)

func TestOverviewCountsWhatTheCallerSees(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scope       config.DoctorsScope
		nephrology  float64
		specialists int
	}{{config.DoctorsGlobal, 2, 2}, {config.DoctorsOwner, 1, 1}} {
		t.Run(string(test.scope), func(t *testing.T) {
			server := testapp.New(t, func(settings *config.Config) { settings.DoctorsScope = test.scope })
			checkAgainstReference(t, server)
			alice, bob := server.SignUp("alice"), server.SignUp("bob")
			for _, age := range []int{0, 9, 34, 95, 2000000000} {
				server.Create(alice, "patients", map[string]any{"name": "Ann", "age": age})
			}
			patient := server.Patient(bob, "Somebody else's")
			server.Mapping(bob, patient, server.Doctor(bob, "Gregory"))
			server.Doctor(alice, "Lisa")
			server.Create(bob, "doctors", map[string]any{"name": "James", "speciality": "Oncology"})

			counts, specialists := map[string]float64{}, 0
			for _, figure := range server.Call(alice.Access, "GET", "/api/overview/", nil).List(server) {
				chart := figure["chart"].(string)
				if chart == "doctors_by_speciality" {
					specialists++
				}
				if chart == "patients_by_week" {
					counts[chart] += figure["count"].(float64)
					continue
				}
				counts[fmt.Sprintf("%s %s", chart, figure["label"])] = figure["count"].(float64)
			}
			for name, want := range map[string]float64{
				"patients ": 5, "mappings ": 0, "patients_by_age 0-9": 2, "patients_by_age 10-19": 0, "patients_by_age 30-39": 1,
				"patients_by_age 90+": 2, "patients_by_week": 5, "doctors_by_speciality Nephrology": test.nephrology,
			} {
				if counts[name] != want {
					t.Errorf("%q: got %v, want %v", name, counts[name], want)
				}
			}
			if specialists != test.specialists {
				t.Errorf("got %d specialities, want %d", specialists, test.specialists)
			}
		})
	}
}
