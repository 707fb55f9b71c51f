package routes

import (
	"net/http"

	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
	"carebase/migrations"
)

// mappingResource assigns doctors to patients. A mapping is its patient's
// owner's; it is made and deleted, never changed.
type mappingResource struct{ resource }

func mappings(scope config.DoctorsScope) *mappingResource {
	return &mappingResource{resource{
		collection: migrations.Mappings,
		model:      "PatientDoctor",
		noun:       "mapping",
		fields: []rest.Field{
			{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true, Endpoint: "/api/mappings/detail/", Description: "The server's name for the mapping.", Example: "m5b7c9d1f3g5h7j"},
			{Name: "patient", Label: "Patient", Type: rest.PrimaryKey, Required: true, Endpoint: "/api/patients/", Validate: visible(patients()), Description: "The id of one of the caller's patients.", Example: exampleID},
			{Name: "doctor", Label: "Doctor", Type: rest.PrimaryKey, Required: true, Endpoint: "/api/doctors/", Validate: visible(doctors(scope)), Description: "The id of a doctor whom the caller can see.", Example: "d2f4g6h8j0k1l3z"},
			{Name: "assigned_at", Label: "Assigned at", Type: rest.DateTime, ReadOnly: true, Description: "When the doctor was assigned, in UTC.", Example: exampleTime},
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
		Schema:       s.model,
		Fields:       s.fields,
		Path:         []rest.Field{patients().idInPath("patient_id")},
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle:      s.listOfPatient,
			Summary:     "List the doctors of a patient",
			Description: "In the order of their assignment. The list is empty for a patient whom the caller cannot see.",
			Query:       s.listQuery(),
			Answer:      rest.Answer{Status: http.StatusOK, Shape: rest.List},
			Errors:      s.listErrors(),
		}},
	}
}

func (s *mappingResource) destroyView() *rest.View {
	return &rest.View{
		Name:         "PatientDoctor Instance",
		Description:  "One assignment of a doctor to a patient.",
		Authenticate: simplejwt.Authenticate,
		Path:         []rest.Field{s.idInPath("id")},
		Changeable:   s.changeable,
		Methods: map[string]rest.Method{http.MethodDelete: {
			Handle:      s.destroy,
			Summary:     "End an assignment",
			Description: "The doctor no longer treats the patient.",
			Answer:      rest.Answer{Status: http.StatusNoContent},
			Errors:      []*rest.Error{rest.NotFoundModel(s.model)},
		}},
	}
}

// listOfPatient is empty for a patient that the caller does not have.
func (s *mappingResource) listOfPatient(r *rest.Request) error {
	scope := s.scope(r)
	scope["patient"] = r.Request.PathValue("patient_id")
	if err := recordInvisible(r, patients(), r.Request.PathValue("patient_id"), audit.Read); err != nil {
		return err
	}
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
		return []string{rest.InvalidPrimaryKey(id)}, audit.RecordDenied(r.RequestEvent, target.collection, id, audit.Create)
	}
}
