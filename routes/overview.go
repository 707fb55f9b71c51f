package routes

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/counts"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

const (
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
	own, err := o.countOwn(r)
	if err != nil {
		return err
	}
	specialities, doctors, err := o.countDoctors(r)
	if err != nil {
		return err
	}
	figures := []figure{
		{chart: collections.Patients, count: own.total(collections.Patients)},
		{chart: collections.Doctors, count: doctors},
		{chart: collections.Mappings, count: own.total(collections.Mappings)},
	}
	figures = slices.Concat(figures, own.patientsByAge(), own.patientsByWeek(time.Now().UTC()), specialities)
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

// counted are the numbers of the caller's records by collection, kind and bucket.
type counted map[[3]string]int64

// countOwn reads the counts of the caller's patients and mappings, by day of those
// days only that the chart shows.
func (o overview) countOwn(r *rest.Request) (own counted, err error) {
	var rows []struct {
		Source string `db:"source"`
		Kind   string `db:"kind"`
		Bucket string `db:"bucket"`
		Number int64  `db:"number"`
	}
	err = r.App.ConcurrentDB().NewQuery(`SELECT source, kind, bucket, sum(number) AS number FROM record_counts
		WHERE owner = {:owner} AND (source = 'patients' AND kind = 'age' OR source = 'mappings' AND kind = 'total' OR source = 'patients' AND kind = 'day' AND bucket >= {:first})
		GROUP BY source, kind, bucket`).
		Bind(dbx.Params{"owner": r.Auth.Id, "first": firstWeek(time.Now().UTC()).Format(time.DateOnly)}).
		WithContext(r.Request.Context()).All(&rows)
	own = counted{}
	for _, row := range rows {
		own[[3]string{row.Source, row.Kind, row.Bucket}] = row.Number
	}
	if err == nil && o.mappings.hides(r.App) { // the counts include what is not removed yet
		own[[3]string{collections.Mappings, collections.InTotal, ""}], err = o.mappings.count(r, o.mappings.scope(r))
	}
	return own, err
}

// total returns how many records of a collection the caller has.
func (c counted) total(collection string) (total int64) {
	for key, number := range c {
		if key[0] == collection && key[1] != collections.ByDay {
			total += number
		}
	}
	return total
}

func (c counted) patientsByAge() []figure {
	figures := make([]figure, collections.AgeBands)
	for band := range figures {
		first := band * collections.AgeBand
		label := fmt.Sprintf("%d-%d", first, first+collections.AgeBand-1)
		if band == len(figures)-1 {
			label = fmt.Sprintf("%d+", first)
		}
		figures[band] = figure{"patients_by_age", label, c[[3]string{collections.Patients, collections.ByAge, strconv.Itoa(first)}]}
	}
	return figures
}

// firstWeek returns the Monday that the chart of new patients begins with.
func firstWeek(now time.Time) time.Time {
	// (weekday + 6) % 7 is the number of days since Monday: time.Sunday is 0.
	return now.Truncate(24*time.Hour).AddDate(0, 0, -(int(now.Weekday())+6)%7-7*(weeks-1))
}

func (c counted) patientsByWeek(now time.Time) []figure {
	figures := make([]figure, weeks)
	for week := range figures {
		monday := firstWeek(now).AddDate(0, 0, 7*week)
		figures[week] = figure{chart: "patients_by_week", label: monday.Format(time.DateOnly)}
		for day := range 7 {
			figures[week].count += c[[3]string{collections.Patients, collections.ByDay, monday.AddDate(0, 0, day).Format(time.DateOnly)}]
		}
	}
	return figures
}

// countDoctors returns the most frequent specialities of the doctors that the caller
// can see, and how many doctors these are.
func (o overview) countDoctors(r *rest.Request) (figures []figure, doctors int64, err error) {
	if o.doctors.hides(r.App) {
		return o.countShownDoctors(r)
	}
	owner := r.Auth.Id
	if o.doctors.readableByAll {
		owner = counts.Everybody
	}
	of := dbx.HashExp{"source": collections.Doctors, "owner": owner, "kind": collections.BySpeciality}
	query := func(columns ...string) *dbx.SelectQuery {
		return r.App.ConcurrentDB().Select(columns...).From(counts.Table).Where(of).WithContext(r.Request.Context())
	}
	if err := query("coalesce(sum(number), 0)").Row(&doctors); err != nil {
		return nil, 0, err
	}
	figures, err = mostFrequent(query("bucket", "sum(number) AS total").GroupBy("bucket").Having(dbx.NewExp("sum(number) > 0")))
	return figures, doctors, err
}

// countShownDoctors is countDoctors while some doctors are deleted but not removed
// yet, which the counts include.
func (o overview) countShownDoctors(r *rest.Request) (figures []figure, doctors int64, err error) {
	scope := o.doctors.scope(r)
	if doctors, err = o.doctors.count(r, scope); err != nil {
		return nil, 0, err
	}
	figures, err = mostFrequent(r.App.ConcurrentDB().Select("speciality AS bucket", "count(*) AS total").From(collections.Doctors).
		Where(scope).GroupBy("speciality").WithContext(r.Request.Context()))
	return figures, doctors, err
}

// mostFrequent returns the figures of the most frequent specialities of a query.
func mostFrequent(query *dbx.SelectQuery) (figures []figure, err error) {
	var rows []struct {
		Speciality string `db:"bucket"`
		Count      int64  `db:"total"`
	}
	err = query.OrderBy("total DESC", "bucket").Limit(specialities).All(&rows)
	for _, row := range rows {
		figures = append(figures, figure{"doctors_by_speciality", row.Speciality, row.Count})
	}
	return figures, err
}
