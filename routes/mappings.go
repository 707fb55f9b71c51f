package routes

import (
	"net/http"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// mappingResource assigns doctors to patients. Mappings are created and
// deleted, never changed.
type mappingResource struct {
	*resource
	patients *resource
}

func newMappings(patients *resource, settings *config.Config) *mappingResource {
	s := &mappingResource{newResource(collections.Mappings, settings), patients}
	s.order, s.orderText = inAssignment, "in the order of assignment"
	return s
}

// ofPatientView returns the view of one patient's doctors.
func (s *mappingResource) ofPatientView() *rest.View {
	return s.following(func(now *resource) *rest.View { return (&mappingResource{now, s.patients}).ofPatientViewNow() })
}

func (s *mappingResource) ofPatientViewNow() *rest.View {
	return &rest.View{
		Name:         "Patient Doctors",
		Description:  "The doctors assigned to one of the caller's patients, in the order of assignment.",
		Authenticate: simplejwt.Authenticate,
		Schema:       s.Model,
		Fields:       s.fields,
		Path:         []rest.Field{s.patients.idInPath("patient_id")},
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
			Headers:     []rest.Field{rest.IfMatch},
			Answer:      rest.Answer{Status: http.StatusNoContent},
			Errors:      []*rest.Error{rest.NotFoundModel(s.Model), rest.PreconditionFailed("")},
		}},
	}
}

// listOfPatient responds with an empty list if the caller cannot see the
// patient.
func (s *mappingResource) listOfPatient(r *rest.Request) error {
	scope := s.scope(r)
	scope["patient"] = r.Request.PathValue("patient_id")
	if err := recordInvisible(r, s.patients, r.Request.PathValue("patient_id"), audit.Read); err != nil {
		return err
	}
	return s.respondList(r, scope)
}
