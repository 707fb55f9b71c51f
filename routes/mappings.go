package routes

import (
	"net/http"

	"carebase/config"
	"carebase/migrations"
	"carebase/rest"
	"carebase/simplejwt"
)

// mappingResource assigns doctors to patients. A mapping is its patient's
// owner's; it is made and deleted, never changed.
type mappingResource struct{ resource }

func mappings(scope config.DoctorsScope) *mappingResource {
	return &mappingResource{resource{
		collection: migrations.Mappings,
		model:      "PatientDoctor",
		fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true},
			{Name: "patient", Label: "Patient", Type: rest.PrimaryKey, Required: true, Validate: visible(patients())},
			{Name: "doctor", Label: "Doctor", Type: rest.PrimaryKey, Required: true, Validate: visible(doctors(scope))},
			{Name: "assigned_at", Label: "Assigned at", Type: rest.DateTime, ReadOnly: true},
		},
		filterFields: []string{"patient", "doctor"},
		onNotUnique:  rest.FieldInvalid(rest.NonFieldErrors, "The fields patient, doctor must make a unique set."),
	}}
}

func (s *mappingResource) ofPatientView() *rest.View {
	return &rest.View{
		Name:         "Patient Doctors",
		Description:  "The doctors assigned to one of the caller's patients, in the order of assignment.",
		Authenticate: simplejwt.Authenticate,
		Methods:      map[string]rest.Handler{http.MethodGet: s.listOfPatient},
		Fields:       s.fields,
	}
}

func (s *mappingResource) destroyView() *rest.View {
	return &rest.View{
		Name:         "PatientDoctor Instance",
		Description:  "One assignment of a doctor to a patient.",
		Authenticate: simplejwt.Authenticate,
		Methods:      map[string]rest.Handler{http.MethodDelete: s.destroy},
	}
}

// listOfPatient is empty for a patient that the caller does not have.
func (s *mappingResource) listOfPatient(r *rest.Request) error {
	scope := s.scope(r)
	scope["patient"] = r.Request.PathValue("patient")
	return s.respondList(r, scope, oldestFirst)
}

// visible checks that an id names an object that the caller can read.
func visible(target *resource) func(*rest.Request, string, rest.Data) ([]string, error) {
	return func(r *rest.Request, id string, _ rest.Data) ([]string, error) {
		scope := target.scope(r)
		scope["id"] = id
		count, err := target.count(r, scope)
		if err != nil || count > 0 {
			return nil, err
		}
		return []string{rest.InvalidPrimaryKey(id)}, nil
	}
}
