package collections

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"

	"carebase/internal/changes"
	"carebase/internal/counts"
	"carebase/internal/postgres"
	"carebase/internal/search"
)

// The kinds by which records are counted, and their buckets: the first year of an
// age band, the day of creation, the speciality.
const (
	ByAge        = "age"
	ByDay        = "day"
	BySpeciality = "speciality"
	// InTotal has one bucket.
	InTotal = "total"
)

const (
	// AgeBand is the width of an age band in years, AgeBands their number. The last
	// band has no upper limit.
	AgeBand, AgeBands = 10, 10
)

// Counters returns the declarations of what is counted for the overview.
func Counters() []counts.Counter {
	return []counts.Counter{
		{Table: Patients, Owner: CreatedBy, Kinds: []counts.Kind{
			{Name: ByAge, Columns: []string{"age"}, Bucket: ageBucket()},
			{Name: ByDay, Columns: []string{CreatedAt}, Bucket: "substr($row." + CreatedAt + ", 1, 10)"},
		}},
		{Table: Doctors, Owner: CreatedBy, Shared: true, Kinds: []counts.Kind{
			{Name: BySpeciality, Columns: []string{"speciality"}, Bucket: "$row.speciality"},
		}},
		{Table: Mappings, Owner: CreatedBy, Kinds: []counts.Kind{{Name: InTotal, Bucket: "''"}}},
	}
}

// Counter returns what the records are counted by; ok is false if they are not.
func (c *Collection) Counter() (counter counts.Counter, ok bool) {
	for _, counter := range Counters() {
		if counter.Table == c.Name {
			return counter, true
		}
	}
	return counter, false
}

// ageBucket returns the expression of an age's band.
func ageBucket() string {
	var expression strings.Builder
	expression.WriteString("CASE WHEN $row.age < 0 THEN ''")
	for band := range AgeBands - 1 {
		fmt.Fprintf(&expression, " WHEN $row.age < %d THEN '%d'", (band+1)*AgeBand, band*AgeBand)
	}
	fmt.Fprintf(&expression, " ELSE '%d' END", (AgeBands-1)*AgeBand)
	return expression.String()
}

// SearchIndex returns the index that ?search= uses; ok is false if the records are
// not searched.
func (c *Collection) SearchIndex() (index search.Index, ok bool) {
	if c.Resource == nil || c.Resource.Search == nil {
		return index, false
	}
	return search.Index{Table: c.Name, Owner: c.Owner, Fields: c.Resource.Search, Shared: c.Shared}, true
}

// SearchIndexes returns the search indexes of all collections.
func SearchIndexes() (indexes []search.Index) {
	for _, collection := range all {
		if index, ok := collection.SearchIndex(); ok {
			indexes = append(indexes, index)
		}
	}
	return indexes
}

// EnsureDerived creates what the database derives from the records and keeps itself:
// the search indexes, the counts, and when patients were changed. A copied database does
// not have them.
func EnsureDerived(ctx context.Context, db dbx.Builder) error {
	for _, index := range SearchIndexes() {
		if err := index.Ensure(ctx, db); err != nil {
			return err
		}
	}
	if err := counts.Ensure(ctx, db, Counters()); err != nil {
		return err
	}
	return changes.Ensure(ctx, db)
}

// KeepDerived brings the search indexes up to date after many writes of a transaction. The
// server does that otherwise, and PostgreSQL by itself.
func KeepDerived(ctx context.Context, tx dbx.Builder) error {
	isPostgreSQL, err := postgres.Serves(ctx, tx)
	if err != nil || isPostgreSQL {
		return err
	}
	for _, index := range SearchIndexes() {
		for kept := true; kept; {
			if kept, err = index.Keep(ctx, tx); err != nil {
				return err
			}
		}
	}
	return nil
}

// IsDerived reports whether a table holds what is derived from health data.
func IsDerived(table string) bool {
	if table == counts.Table || table == changes.Table {
		return true
	}
	return slices.ContainsFunc(SearchIndexes(), func(index search.Index) bool { return index.Owns(table) })
}
