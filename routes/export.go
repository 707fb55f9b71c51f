package routes

import (
	"net/http"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/config"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// export gives a patient's owner everything about the patient in one file.
type export struct {
	patients *resource
	// related are the resources of collections whose records are about a patient, and
	// targets those that they refer to besides, by the related one's relation.
	related []*resource
	targets []target
}

// target is what the records of a related resource refer to.
type target struct {
	*resource
	from  *resource
	field string
}

func newExport(patients *resource, settings *config.Config) export {
	e := export{patients: patients}
	for _, collection := range collections.All() {
		if collection.Resource == nil || collection.Patient == "" || collection.Patient == core.FieldNameId {
			continue
		}
		about := newResource(collection.Name, settings)
		e.related = append(e.related, about)
		for _, relation := range collection.Relations {
			if relation.Field != collection.Patient {
				e.targets = append(e.targets, target{newResource(relation.Target, settings), about, relation.Field})
			}
		}
	}
	return e
}

func (e export) view() *rest.View {
	fields := []rest.Field{
		{Name: "exported_at", Label: "Exported at", Type: rest.DateTime, ReadOnly: true, Description: "When the file was made.", Example: collections.ExampleTime},
	}
	return &rest.View{
		Name:         "Patient Export",
		Description:  "Everything about one patient, in one file.",
		Authenticate: simplejwt.Authenticate,
		Renderers:    rest.JSONRenderers,
		Schema:       "PatientExport",
		Path:         []rest.Field{e.patients.idInPath("id")},
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle:  e.download,
			Summary: "Export a patient",
			Description: "The patient, the care team (`mappings` and `doctors`) and the whole history, as the other paths show them: " +
				"what a patient may ask to be told. Only the owner can have it.",
			Answer: rest.Answer{Status: http.StatusOK, Shape: rest.Document, Fields: fields},
			Errors: []*rest.Error{rest.NotFoundModel(e.patients.Model)},
		}},
	}
}

func (e export) download(r *rest.Request) error {
	id := r.Request.PathValue("id")
	record, err := e.patients.findOwned(r, r.App, id)
	if err != nil {
		return e.patients.denied(r, err)
	}
	patients, err := e.patients.now(r.App)
	if err != nil {
		return err
	}
	patient, err := patients.representation(r, record)
	if err != nil {
		return err
	}
	event := audit.Event{Action: audit.Read, Collection: collections.Patients, Records: []string{id}, Detail: "export of a patient"}
	if err := audit.Record(r.RequestEvent, event); err != nil {
		return err
	}
	// Include the events that this process has queued but not yet stored.
	if err := audit.Flush(r.Request.Context(), r.App); err != nil {
		return err
	}
	doctors, err := e.patients.assignedDoctors(r, id)
	if err != nil {
		return err
	}
	var sections []rest.Section
	for _, about := range e.related {
		scope := about.scope(r)
		scope[about.collection.Patient] = id
		sections = append(sections, about.section(r, scope))
	}
	for _, drawn := range drawnNow(r.App) {
		if drawn.Patient != "" && drawn.Owner != "" {
			about := resourceOf(drawn, patients.settings)
			scope := about.scope(r)
			scope[drawn.Patient] = id
			sections = append(sections, about.section(r, scope))
		}
	}
	for _, target := range e.targets {
		of := dbx.NewExp("[[id]] IN (SELECT [["+target.field+"]] FROM {{"+target.from.collection.Name+"}} WHERE [["+target.from.collection.Patient+"]] = {:patient})",
			dbx.Params{"patient": id})
		sections = append(sections, target.section(r, target.scope(r), of))
	}
	sections = append(sections, e.history(r, id, doctors))
	r.Response.Header().Set("Content-Disposition", `attachment; filename="patient-`+record.Id+`.json"`)
	now := time.Now().UTC().Format(rest.AnsweredTime)
	return r.RespondDocument(rest.Object[any]{{Key: "exported_at", Value: now}, {Key: "patient", Value: patient}}, sections)
}

// history returns the history of a patient, with the names of the doctors.
func (e export) history(r *rest.Request, id string, doctors map[string]string) rest.Section {
	return rest.Section{Name: "history", Items: func(yield func(any, error) bool) {
		for entry, err := range audit.WholeHistory(r.Request.Context(), r.App, id, r.Auth.Id) {
			if err != nil {
				yield(nil, err)
				return
			}
			object, err := e.patients.historyObject(r, entry, doctors)
			if !yield(object, err) || err != nil {
				return
			}
		}
	}}
}

// section returns all rows of a resource that meet the conditions.
func (s *resource) section(r *rest.Request, scope dbx.HashExp, more ...dbx.Expression) rest.Section {
	where := more
	if len(scope) > 0 {
		where = append(where, scope)
	}
	return rest.Section{
		Name: s.collection.Name,
		Items: func(yield func(any, error) bool) {
			now, err := s.now(r.App)
			if err != nil {
				yield(nil, err)
				return
			}
			listing{resource: now, where: where, order: now.order, size: indexedChunk, limit: all}.objects(r)(yield)
		},
	}
}
