package routes

import (
	"net/http"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/openapi"
	"carebase/internal/postman"
	"carebase/internal/rest"
)

// postmanView serves the API as a Postman collection for this server.
func postmanView(describe func(core.App) (*openapi.Document, error)) *rest.View {
	return &rest.View{
		Name:        "Postman Collection",
		Description: "This API as a Postman collection that can be run from top to bottom.",
		AllowAny:    true,
		Schema:      "PostmanCollection",
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle: func(r *rest.Request) error {
				described, err := describe(r.App)
				if err != nil {
					return err
				}
				drawn := drawnNow(r.App)
				collection, err := postman.New(described, r.Origin(), storyVariables(drawn...), chapters(described, drawn...))
				if err != nil {
					return err
				}
				return r.Respond(http.StatusOK, collection)
			},
			Summary:     "The Postman collection",
			Description: "A collection of version 2.1, to be imported into Postman or run with newman.",
			Answer:      rest.Answer{Status: http.StatusOK, Shape: rest.Document, Fields: []rest.Field{}},
		}},
	}
}

// drawnNow returns the declarations of the operators' collections that are served now.
func drawnNow(app core.App) []*collections.Collection {
	var drawn []*collections.Collection
	for _, name := range collections.Served(app) {
		if declared := collections.NowOrNil(app, name); declared != nil {
			drawn = append(drawn, declared)
		}
	}
	return drawn
}

// Variables, bodies and scripts that several steps use.
var (
	savedTokens  = rest.Object[string]{{Key: "access", Value: "access"}, {Key: "refresh", Value: "refresh"}}
	credentials  = rest.Object[any]{{Key: "email", Value: "{{email}}"}, {Key: "password", Value: "{{password}}"}}
	refreshBody  = rest.Object[any]{{Key: "refresh", Value: "{{refresh}}"}}
	thePatient   = map[string]string{"id": "{{patientId}}"}
	theDoctor    = map[string]string{"id": "{{doctorId}}"}
	logInAgain   = postman.Step{Operation: "auth_login_create", Name: "Log in again", Body: credentials, Save: savedTokens}
	newEmail     = []string{`pm.collectionVariables.set("email", pm.variables.replaceIn("{{$guid}}@example.com"));`}
	otherSession = []string{
		"const other = body.find((session) => !session.current);",
		`pm.test("Another session is listed", () => pm.expect(other).to.be.an("object"));`,
		`pm.collectionVariables.set("sessionId", other?.id ?? "");`,
	}
)

// story and ending call every operation of the API as one user with a patient
// and a doctor, in an order in which all succeed on any server. chapters adds
// the resources that neither of them covers.
var story = []postman.Chapter{
	{
		Name: "Signing in", Description: "A new user, and their tokens.",
		Steps: []postman.Step{
			{Operation: "auth_register_create", Body: credentials, Prepare: newEmail, Guest: true},
			{Operation: "token_create", Name: "Log in elsewhere", Body: credentials},
			{Operation: "auth_login_create", Body: credentials, Save: savedTokens},
			{Operation: "auth_me_retrieve"},
			{Operation: "token_verify_create", Body: rest.Object[any]{{Key: "token", Value: "{{access}}"}}},
			{Operation: "token_refresh_create", Body: refreshBody, Save: savedTokens},
			{Operation: "auth_token_refresh_create", Name: "Refresh once more", Body: refreshBody, Save: savedTokens},
		},
	},
	{
		Name: "Patients", Description: "The caller's own.",
		Steps: []postman.Step{
			{Operation: "patients_create", Save: rest.Object[string]{{Key: "patientId", Value: "id"}}},
			{Operation: "patients_list"},
			{Operation: "patients_list", Name: "Search patients, a page at a time", Query: rest.Object[string]{
				{Key: "search", Value: "doe"}, {Key: "ordering", Value: "-age"}, {Key: "page", Value: "1"}, {Key: "page_size", Value: "20"},
			}, Test: []string{`pm.test("One is found", () => pm.expect(body.count).to.equal(1));`}},
			{Operation: "patients_retrieve", Path: thePatient},
			{Operation: "patients_update", Path: thePatient, Body: rest.Object[any]{{Key: "age", Value: 35}}},
			{Operation: "patients_partial_update", Path: thePatient, Body: rest.Object[any]{{Key: "notes", Value: "Diabetic, recovering"}}},
			{Operation: "patients_history_list", Path: thePatient},
			{Operation: "patients_export_retrieve", Path: thePatient},
			{Operation: "patients_import_create", Name: "Check a CSV file", Query: rest.Object[string]{{Key: "dry_run", Value: "true"}}},
		},
	},
	{
		Name: "Doctors", Description: "Read by everybody or by their creator, and changed by the latter.",
		Steps: []postman.Step{
			{Operation: "doctors_create", Save: rest.Object[string]{{Key: "doctorId", Value: "id"}}},
			{Operation: "doctors_list"},
			{Operation: "doctors_retrieve", Path: theDoctor},
			{Operation: "doctors_update", Path: theDoctor},
			{Operation: "doctors_partial_update", Path: theDoctor, Body: rest.Object[any]{{Key: "speciality", Value: "Diagnostics"}}},
		},
	},
	{
		Name: "Mappings", Description: "Which doctors treat the patient, and figures of it all.",
		Steps: []postman.Step{
			{
				Operation: "mappings_create", Save: rest.Object[string]{{Key: "mappingId", Value: "id"}},
				Body: rest.Object[any]{{Key: "patient", Value: "{{patientId}}"}, {Key: "doctor", Value: "{{doctorId}}"}},
			},
			{Operation: "mappings_list"},
			{Operation: "mappings_patient_id_list", Path: map[string]string{"patient_id": "{{patientId}}"}},
			{Operation: "overview_list"}, {Operation: "overview_changes_list"},
			{Operation: "mappings_detail_destroy", Path: map[string]string{"id": "{{mappingId}}"}},
		},
	},
	{
		Name: "What is refused", Description: "How errors look.",
		Steps: []postman.Step{
			{Operation: "patients_list", Name: "List patients without a token", Guest: true, Status: http.StatusUnauthorized},
			{
				Operation: "patients_create", Name: "Create a patient with a wrong age", Status: http.StatusBadRequest,
				Body: rest.Object[any]{{Key: "age", Value: -1}},
			},
			{Operation: "patients_retrieve", Name: "Show a patient who does not exist", Path: map[string]string{"id": "0"}, Status: http.StatusNotFound},
			{
				Operation: "auth_password_reset_create", Name: "Ask for a link to nobody's password", Guest: true,
				Body: rest.Object[any]{{Key: "email", Value: "nobody@example.com"}},
			},
			{
				Operation: "auth_password_reset_confirm_create", Name: "Set a password with a wrong token", Guest: true, Status: http.StatusBadRequest,
				Body: rest.Object[any]{{Key: "token", Value: "wrong"}, {Key: "new_password", Value: "{{password}}"}},
			},
		},
	},
}

var ending = []postman.Chapter{
	{
		Name: "Cleaning up", Description: "Nothing of it stays but the user.",
		Steps: []postman.Step{
			{Operation: "patients_destroy", Path: thePatient},
			{Operation: "doctors_destroy", Path: theDoctor},
		},
	},
	{
		Name: "Sessions", Description: "Where the user is signed in, and signing out.",
		Steps: []postman.Step{
			{Operation: "auth_sessions_list", Test: otherSession},
			{Operation: "auth_sessions_destroy", Path: map[string]string{"id": "{{sessionId}}"}},
			{
				Operation: "auth_password_change_create", Save: savedTokens,
				Body: rest.Object[any]{{Key: "old_password", Value: "{{password}}"}, {Key: "new_password", Value: "{{password}}"}},
			},
			{Operation: "token_blacklist_create", Name: "Blacklist the refresh token", Body: refreshBody},
			logInAgain,
			{Operation: "auth_logout_all_create"},
			logInAgain,
			{Operation: "auth_logout_create", Body: refreshBody},
		},
	},
	{
		Name: "Reference", Description: "The API about itself.",
		Steps: []postman.Step{
			{Operation: "root_retrieve"},
			{Operation: "schema_retrieve"},
			{Operation: "schema_postman_retrieve"},
		},
	},
}
