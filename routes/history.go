package routes

import (
	"database/sql"
	"errors"
	"net/http"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// historyFields declares the representation of an audit event.
var historyFields = []rest.Field{
	{Name: "id", Label: "ID", Type: rest.String, ReadOnly: true, Description: "The event's id in the audit trail.", Example: "0mwvyyjog3cse0ycp2j0"},
	{Name: "recorded_at", Label: "Recorded at", Type: rest.DateTime, ReadOnly: true, Description: "When it happened, in UTC.", Example: collections.ExampleTime},
	{Name: "action", Label: "Action", Type: rest.String, ReadOnly: true, Description: "What was done: C (create), R (read), U (update), D (delete) or E (execute), as in FHIR's AuditEvent.", Example: "R"},
	{Name: "outcome", Label: "Outcome", Type: rest.String, ReadOnly: true, Description: "How it ended: success, denied or failed.", Example: "success"},
	{Name: "agent", Label: "Agent", Type: rest.String, ReadOnly: true, Description: "The id of who did it; empty for somebody who was not signed in.", Example: "u8w2e4r6t0y1i3o"},
	{Name: "agent_name", Label: "Agent name", Type: rest.String, ReadOnly: true, Description: "The name of that user now; empty if the account is gone.", Example: "Ann Smith"},
	{Name: "agent_type", Label: "Agent type", Type: rest.String, ReadOnly: true, Description: "What the agent is: user, superuser, operator (on the command line), or empty.", Example: "user"},
	{Name: "address", Label: "Address", Type: rest.String, ReadOnly: true, Description: "The client's address.", Example: "203.0.113.7"},
	{Name: "door", Label: "Door", Type: rest.String, ReadOnly: true, Description: "How the agent came: rest, native, batch, realtime, dashboard, sql, command or hook.", Example: "rest"},
	{Name: "collection", Label: "Collection", Type: rest.String, ReadOnly: true, Description: "What was read or changed: patients, mappings, or another collection.", Example: "mappings"},
	{Name: "doctor", Label: "Doctor", Type: rest.String, ReadOnly: true, Description: "The name of the doctor whose assignment was changed; empty if there is no such doctor any more, and for everything else.", Example: "Gregory House"},
	{Name: "fields", Label: "Fields", Type: rest.Strings, ReadOnly: true, Description: "The names of what was changed.", Example: []string{"age", "notes"}},
	{Name: "request_id", Label: "Request ID", Type: rest.String, ReadOnly: true, Description: "What the events of one request have in common.", Example: "97fe0fefebeb6210"},
}

// history shows a patient's owner the audit events about the patient.
type history struct{ patients *resource }

func (h history) view() *rest.View {
	return &rest.View{
		Name:         "Patient History",
		Description:  "Who saw or changed a patient, who tried to, and when.",
		Authenticate: simplejwt.Authenticate,
		Schema:       "AuditEvent",
		Fields:       historyFields,
		Path:         []rest.Field{h.patients.idInPath("id")},
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle:  h.show,
			Summary: "Show who accessed a patient",
			Description: "Every event of the audit trail about a patient of the caller's, newest first, a page at a time. " +
				"Lists and searches in which the patient was found are among them, and what others were denied.",
			Query:  rest.PageQuery(),
			Answer: rest.Answer{Status: http.StatusOK, Shape: rest.Paged},
			Errors: []*rest.Error{rest.NotFoundModel("Patient"), rest.NotFound("Invalid page.")},
		}},
	}
}

func (h history) show(r *rest.Request) error {
	patient := r.Request.PathValue("id")
	owned, err := h.patients.count(r, dbx.HashExp{"id": patient, h.patients.collection.Owner: r.Auth.Id})
	if err != nil {
		return err
	}
	if owned == 0 {
		return h.patients.denied(r, rest.NotFoundModel("Patient"))
	}
	event := audit.Event{Action: audit.Read, Collection: collections.AuditEvents, Records: []string{patient}, Patients: []string{}, Detail: "history of a patient"}
	if err := audit.Record(r.RequestEvent, event); err != nil {
		return err
	}
	// Include the events that this process has queued but not yet stored.
	if err := audit.Flush(r.Request.Context(), r.App); err != nil {
		return err
	}
	count, err := audit.CountHistory(r.Request.Context(), r.App, patient, r.Auth.Id)
	if err != nil {
		return err
	}
	page, err := r.Page(count)
	if err != nil {
		return err
	}
	entries, err := audit.History(r.Request.Context(), r.App, patient, r.Auth.Id, page.Offset, page.Limit)
	if err != nil {
		return err
	}
	doctors, err := h.patients.assignedDoctors(r, patient)
	if err != nil {
		return err
	}
	return r.RespondPage(page, func(yield func(any, error) bool) {
		for _, entry := range entries {
			object, err := h.patients.historyObject(r, entry, doctors)
			if !yield(object, err) || err != nil {
				return
			}
		}
	})
}

// assignedDoctors returns the names of a patient's doctors by the ids of their
// assignments.
func (s *resource) assignedDoctors(r *rest.Request, patient string) (map[string]string, error) {
	query := r.App.ConcurrentDB().Select("mappings.id AS mapping", "doctors.name AS name").From(collections.Mappings).
		InnerJoin(collections.Doctors, dbx.NewExp("[[doctors.id]] = [[mappings.doctor]]")).
		Where(dbx.HashExp{"mappings.patient": patient, "mappings." + collections.CreatedBy: r.Auth.Id})
	if s.settings.DoctorsScope == config.DoctorsOwner {
		query.AndWhere(dbx.HashExp{"doctors." + collections.CreatedBy: r.Auth.Id})
	}
	var rows []struct{ Mapping, Name string }
	err := query.WithContext(r.Request.Context()).All(&rows)
	names := make(map[string]string, len(rows))
	for _, row := range rows {
		names[row.Mapping] = row.Name
	}
	return names, err
}

// doctorOf returns the name of the doctor whose assignment an event is about. Known are
// those that have been looked up: by assignment, and as the event has them.
func (s *resource) doctorOf(r *rest.Request, entry audit.HistoryEntry, known map[string]string) (string, error) {
	if entry.Collection != collections.Mappings || entry.Action == audit.Read || len(entry.Records) != 1 {
		return "", nil
	}
	if name, found := known[entry.Records[0]]; found || entry.Doctor == "" {
		return name, nil
	}
	key := collections.Doctors + "/" + entry.Doctor
	if name, found := known[key]; found {
		return name, nil
	}
	query := r.App.ConcurrentDB().Select("name").From(collections.Doctors).Where(dbx.HashExp{"id": entry.Doctor})
	if s.settings.DoctorsScope == config.DoctorsOwner {
		query.AndWhere(dbx.HashExp{collections.CreatedBy: r.Auth.Id})
	}
	var name string
	if err := query.WithContext(r.Request.Context()).Row(&name); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", err
	}
	known[key] = name
	return name, nil
}

// notHidden returns the names of fields of a collection without those that it hides
// now. What it no longer has is history.
func notHidden(app core.App, collection string, names []string) []string {
	stored := collections.Find(app, collection)
	if stored == nil {
		return names
	}
	return slices.DeleteFunc(names, func(name string) bool {
		field := stored.Fields.GetByName(name)
		return field != nil && field.GetHidden()
	})
}

// historyObject represents an event. Doctors are the names that doctorOf knows.
func (s *resource) historyObject(r *rest.Request, entry audit.HistoryEntry, doctors map[string]string) (rest.Object[any], error) {
	doctor, err := s.doctorOf(r, entry, doctors)
	return rest.Object[any]{
		{Key: "id", Value: entry.ID},
		{Key: "recorded_at", Value: entry.RecordedAt},
		{Key: "action", Value: entry.Action},
		{Key: "outcome", Value: entry.Outcome},
		{Key: "agent", Value: entry.Agent},
		{Key: "agent_name", Value: entry.AgentName},
		{Key: "agent_type", Value: entry.AgentType},
		{Key: "address", Value: entry.Address},
		{Key: "door", Value: entry.Door},
		{Key: "collection", Value: entry.Collection},
		{Key: "doctor", Value: doctor},
		{Key: "fields", Value: notHidden(r.App, entry.Collection, entry.Fields)},
		{Key: "request_id", Value: entry.RequestID},
	}, err
}
