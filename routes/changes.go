package routes

import (
	"cmp"
	"net/http"
	"slices"

	"github.com/pocketbase/dbx"

	"carebase/internal/audit"
	"carebase/internal/changes"
	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// changesShown is how many patients the list of what changed last has at most.
const changesShown = 10

// lastChanges shows which of the caller's patients were changed or added last.
type lastChanges struct{ patients *resource }

// change is what was done last to a patient.
type change struct {
	Patient string `db:"patient"`
	Name    string `db:"name"`
	At      string `db:"at"`
	action  audit.Action
}

func (l lastChanges) view() *rest.View {
	return &rest.View{
		Name:         "Last Changes",
		Description:  "Which of the caller's patients were changed or added last.",
		Authenticate: simplejwt.Authenticate,
		Schema:       "Change",
		Fields: []rest.Field{
			{Name: "patient", Label: "Patient", Type: rest.PrimaryKey, ReadOnly: true, Endpoint: "/api/patients/", Description: "The id of the patient.", Example: collections.ExampleNumber},
			{Name: "name", Label: "Name", Type: rest.String, ReadOnly: true, Description: "The patient's name.", Example: "John Doe"},
			{Name: "action", Label: "Action", Type: rest.String, ReadOnly: true, Description: "What was done last: C (create) or U (update), as in a patient's history.", Example: "U"},
			{Name: "changed_at", Label: "Changed at", Type: rest.DateTime, ReadOnly: true, Description: "When, in UTC.", Example: collections.ExampleTime},
		},
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle:      l.show,
			Summary:     "Show which patients were changed last",
			Description: "The ten patients of the caller's that were changed or added last, the latest first.",
			Answer:      rest.Answer{Status: http.StatusOK, Shape: rest.List},
		}},
	}
}

func (l lastChanges) show(r *rest.Request) error {
	latest, err := l.latest(r)
	if err != nil {
		return err
	}
	event := audit.Event{Action: audit.Read, Collection: collections.Patients, Records: make([]string, len(latest)), Detail: "last changes"}
	for i, each := range latest {
		event.Records[i] = each.Patient
	}
	if err := audit.Record(r.RequestEvent, event); err != nil {
		return err
	}
	return r.RespondList(func(yield func(any, error) bool) {
		for _, each := range latest {
			object := rest.Object[any]{
				{Key: "patient", Value: rest.ID(each.Patient)},
				{Key: "name", Value: each.Name},
				{Key: "action", Value: each.action},
				{Key: "changed_at", Value: rfc3339(each.At)},
			}
			if !yield(object, nil) {
				return
			}
		}
	})
}

// latest reads as many rows of each index as are shown. A patient that was changed is
// among those that were added, too, but never before its change.
func (l lastChanges) latest(r *rest.Request) ([]change, error) {
	latest, err := l.changed(r)
	if err != nil {
		return nil, err
	}
	var added []change
	err = l.own(r).AndSelect("name", "created_at AS at").
		OrderBy("created_at DESC", "length(id) DESC", "id DESC").Limit(changesShown).WithContext(r.Request.Context()).All(&added)
	if err != nil {
		return nil, err
	}
	for _, each := range added {
		if !slices.ContainsFunc(latest, func(other change) bool { return other.Patient == each.Patient }) {
			each.action = audit.Create
			latest = append(latest, each)
		}
	}
	slices.SortStableFunc(latest, func(a, b change) int { return cmp.Compare(b.At, a.At) })
	return latest[:min(len(latest), changesShown)], nil
}

// changed returns the patients that were changed last. Their names are read apart, so
// that no database joins all of the caller's patients for ten of them.
func (l lastChanges) changed(r *rest.Request) ([]change, error) {
	var changed, names []change
	err := r.App.ConcurrentDB().Select("patient", "changed_at AS at").From(changes.Table).Where(dbx.HashExp{"owner": r.Auth.Id}).
		OrderBy("changed_at DESC").Limit(changesShown).WithContext(r.Request.Context()).All(&changed)
	if err != nil || len(changed) == 0 {
		return nil, err
	}
	ids := make([]any, len(changed))
	for i, each := range changed {
		ids[i] = each.Patient
	}
	err = l.own(r).AndSelect("name").AndWhere(dbx.In("id", ids...)).WithContext(r.Request.Context()).All(&names)
	for i := range names {
		at := slices.IndexFunc(changed, func(other change) bool { return other.Patient == names[i].Patient })
		names[i].At, names[i].action = changed[at].At, audit.Update
	}
	return names, err
}

// own selects the ids of the caller's patients.
func (l lastChanges) own(r *rest.Request) *dbx.SelectQuery {
	return r.App.ConcurrentDB().Select("id AS patient").From(collections.Patients).Where(dbx.HashExp{l.patients.collection.Owner: r.Auth.Id})
}
