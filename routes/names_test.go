package routes

import (
	"strings"
	"testing"
)

func TestNamesOfResources(t *testing.T) {
	if err := CheckNames([]string{"appointments", "visits", "lab_results"}); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{
		"patients": "/api/patients/ is an endpoint already", "Auth": "/api/Auth/ is an endpoint already", "docs": "/api/docs/ is an endpoint already",
		"realtime": "/api/realtime/ is an endpoint already", "users": "is a collection of the program's", "_superusers": "is a collection of the program's",
		"figures": "the objects of figures would be called Figure, as those of another endpoint", "details": "would be called Detail",
		"patient_requests": "would be called PatientRequest", "appointment": "would be called Appointment, as those of appointments",
	} {
		if err := CheckNames([]string{"appointments", name}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
