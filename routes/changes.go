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
	var changed, added []change
	own := l.patients.collection.Owner
	err := r.App.ConcurrentDB().Select("patients.id AS patient", "patients.name AS name", changes.Table+".changed_at AS at").From(changes.Table).
		InnerJoin(collections.Patients, dbx.NewExp("[[patients.id]] = [["+changes.Table+".patient]]")).
		Where(dbx.HashExp{changes.Table + ".owner": r.Auth.Id, "patients." + own: r.Auth.Id}).
		OrderBy(changes.Table + ".changed_at DESC").Limit(changesShown).WithContext(r.Request.Context()).All(&changed)
	if err != nil {
		return nil, err
	}
	err = r.App.ConcurrentDB().Select("id AS patient", "name", "created_at AS at").From(collections.Patients).
		Where(dbx.HashExp{own: r.Auth.Id}).OrderBy("created_at DESC", "length(id) DESC", "id DESC").Limit(changesShown).
		WithContext(r.Request.Context()).All(&added)
	if err != nil {
		return nil, err
	}
	for i := range changed {
		changed[i].action = audit.Update
	}
	for _, each := range added {
		if !slices.ContainsFunc(changed, func(other change) bool { return other.Patient == each.Patient }) {
			each.action = audit.Create
			changed = append(changed, each)
		}
	}
	slices.SortStableFunc(changed, func(a, b change) int { return cmp.Compare(b.At, a.At) })
	return changed[:min(len(changed), changesShown)], nil
}
