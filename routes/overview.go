package routes

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

const (
	// ageBand is the width in years of a bar in the age chart, ageBands the
	// number of bars. The last bar has no upper limit.
	ageBand, ageBands = 10, 10
	// weeks is the number of weeks in the chart of new patients, including the
	// current one.
	weeks = 12
	// specialities is the maximum number of specialities, the most frequent ones.
	specialities = 8
)

// overview counts the objects that the caller can see.
type overview struct {
	patients, doctors, mappings *resource
}

// figure is one number of the overview.
type figure struct {
	chart, label string
	count        int64
}

func (o overview) view() *rest.View {
	return &rest.View{
		Name:         "Overview",
		Description:  "What the caller's patients, doctors and assignments amount to.",
		Authenticate: simplejwt.Authenticate,
		Schema:       "Figure",
		Fields: []rest.Field{
			{Name: "chart", Label: "Chart", Type: rest.String, ReadOnly: true, Description: "What is counted: `patients`, `doctors`, `mappings`, `patients_by_age`, `patients_by_week` or `doctors_by_speciality`.", Example: "patients_by_age"},
			{Name: "label", Label: "Label", Type: rest.String, ReadOnly: true, Description: "Which of them: ages such as `30-39`, the Monday that a week began with, or a speciality. Empty for a total, and for doctors without a speciality.", Example: "30-39"},
			{Name: "count", Label: "Count", Type: rest.Integer, ReadOnly: true, Description: "How many there are.", Example: 34},
		},
		Methods: map[string]rest.Method{http.MethodGet: {
			Handle:      o.show,
			Summary:     "Count patients, doctors and assignments",
			Description: "Counts the objects that the caller can see: patients by age and by the week in which they were added, the most frequent specialities of doctors, and all of each.",
			Answer:      rest.Answer{Status: http.StatusOK, Shape: rest.List},
		}},
	}
}

func (o overview) show(r *rest.Request) error {
	event := audit.Event{Action: audit.Read, Collection: collections.Patients, Detail: "overview"}
	if err := audit.Record(r.RequestEvent, event); err != nil {
		return err
	}
	var figures []figure
	for _, counted := range []*resource{o.patients, o.doctors, o.mappings} {
		count, err := counted.count(r, counted.scope(r))
		if err != nil {
			return err
		}
		figures = append(figures, figure{chart: counted.collection.Name, count: count})
	}
	for _, count := range []func(*rest.Request) ([]figure, error){o.countPatients, o.countSpecialities} {
		counted, err := count(r)
		if err != nil {
			return err
		}
		figures = append(figures, counted...)
	}
	return r.RespondList(func(yield func(any, error) bool) {
		for _, figure := range figures {
			object := rest.Object[any]{
				{Key: "chart", Value: figure.chart},
				{Key: "label", Value: figure.label},
				{Key: "count", Value: figure.count},
			}
			if !yield(object, nil) {
				return
			}
		}
	})
}

// countPatients computes all bars in one scan of the caller's patients.
func (o overview) countPatients(r *rest.Request) ([]figure, error) {
	figures, conditions := patientBars(time.Now().UTC())
	counts := make([]string, len(conditions))
	for i, condition := range conditions {
		counts[i] = "count(*) FILTER (WHERE " + condition + ")"
	}
	destinations := make([]any, len(figures))
	for i := range figures {
		destinations[i] = &figures[i].count
	}
	err := r.App.ConcurrentDB().
		NewQuery("SELECT " + strings.Join(counts, ", ") + " FROM {{patients}} WHERE [[created_by]] = {:owner}").
		Bind(dbx.Params{"owner": r.Auth.Id}).WithContext(r.Request.Context()).Row(destinations...)
	return figures, err
}

// patientBars returns the bars of both patient charts and, for each bar, the
// SQL condition that selects its patients.
func patientBars(now time.Time) (figures []figure, conditions []string) {
	for band := range ageBands {
		from, to := band*ageBand, (band+1)*ageBand
		label, condition := fmt.Sprintf("%d-%d", from, to-1), fmt.Sprintf("[[age]] >= %d AND [[age]] < %d", from, to)
		if band == ageBands-1 {
			label, condition = fmt.Sprintf("%d+", from), fmt.Sprintf("[[age]] >= %d", from)
		}
		figures = append(figures, figure{chart: "patients_by_age", label: label})
		conditions = append(conditions, condition)
	}
	// (weekday + 6) % 7 is the number of days since Monday: time.Sunday is 0.
	monday := now.Truncate(24*time.Hour).AddDate(0, 0, -(int(now.Weekday())+6)%7)
	for week := range weeks {
		begin := monday.AddDate(0, 0, 7*(week-weeks+1))
		figures = append(figures, figure{chart: "patients_by_week", label: begin.Format(time.DateOnly)})
		end := begin.AddDate(0, 0, 7)
		// PocketBase stores times as text that sorts chronologically.
		conditions = append(conditions, fmt.Sprintf("[[created_at]] >= '%s' AND [[created_at]] < '%s'",
			begin.Format(types.DefaultDateLayout), end.Format(types.DefaultDateLayout)))
	}
	return figures, conditions
}

func (o overview) countSpecialities(r *rest.Request) ([]figure, error) {
	var rows []struct {
		Speciality string `db:"speciality"`
		Count      int64  `db:"total"`
	}
	err := r.App.ConcurrentDB().Select("speciality", "count(*) AS total").From(o.doctors.collection.Name).
		Where(o.doctors.scope(r)).GroupBy("speciality").OrderBy("total DESC", "speciality").Limit(specialities).
		WithContext(r.Request.Context()).All(&rows)
	if err != nil {
		return nil, err
	}
	figures := make([]figure, len(rows))
	for i, row := range rows {
		figures[i] = figure{"doctors_by_speciality", row.Speciality, row.Count}
	}
	return figures, nil
}
