package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

const (
	// maxIDs is the maximum number of ids looked for in a value of a view's record.
	maxIDs = 1000
	// idsAtOnce is the maximum number of ids in a statement.
	idsAtOnce = 500
	// viewedTimeout bounds looking for the patients in a view.
	viewedTimeout = 10 * time.Second
)

// generatedPattern matches ids as PocketBase generates them, numberPattern those of
// numbered records.
var (
	generatedPattern = regexp.MustCompile(`\b[a-z0-9]{15}\b`)
	numberPattern    = regexp.MustCompile(`\b[1-9][0-9]{0,18}\b`)
)

// viewedIDs are ids that a view shows, by the collection whose they may be.
type viewedIDs map[string][]string

// recordID returns a record's id for an event. The id of a view's record can be any
// value, even of a health record, and is replaced by a hash unless it is an id. The
// columns are those of the view.
func recordID(record *core.Record, columns viewColumns) string {
	if !record.Collection().IsView() || generatedPattern.FindString(record.Id) == record.Id ||
		len(columns[core.FieldNameId]) > 0 && numberPattern.FindString(record.Id) == record.Id {
		return record.Id
	}
	digest := sha256.Sum256([]byte(record.Id))
	return "sha256:" + hex.EncodeToString(digest[:8])
}

// add adds what looks like an id in a view's record: computed columns may have several
// in a text.
func (v viewedIDs) add(record *core.Record, columns viewColumns) {
	for _, field := range record.Collection().Fields {
		name := field.GetName()
		value := fmt.Sprint(record.GetRaw(name))
		for _, declared := range collections.All() {
			if declared.Patient == "" {
				continue
			}
			v[declared.Name] = append(v[declared.Name], generatedPattern.FindAllString(value, maxIDs)...)
			if slices.Contains(columns[name], declared.Name) {
				v[declared.Name] = append(v[declared.Name], numberPattern.FindAllString(value, maxIDs)...)
			}
		}
	}
}

// findViewed completes an event of reading a view with the patients whose ids, or
// the ids of whose records, the view shows.
func findViewed(ctx context.Context, app core.App, event *Event) error {
	ctx, cancel := context.WithTimeout(ctx, viewedTimeout)
	defer cancel()
	for name, viewed := range event.viewed {
		ids := slices.Compact(slices.Sorted(slices.Values(viewed)))
		for chunk := range slices.Chunk(ids, idsAtOnce) {
			values := make([]any, len(chunk))
			for i, id := range chunk {
				values[i] = id
			}
			var patients []string
			err := app.ConcurrentDB().Select(collections.Get(name).Patient).From(name).Where(dbx.In("id", values...)).WithContext(ctx).Column(&patients)
			if err != nil {
				return err
			}
			event.Patients = append(event.Patients, patients...)
		}
	}
	if event.viewed != nil {
		event.Patients = slices.Compact(slices.Sorted(slices.Values(event.Patients)))
	}
	return nil
}

// seen returns the id of a record of any kind of collection for an event, and the
// patients that the record is about.
func seen(ctx context.Context, app core.App, record *core.Record) (id string, patients []string, err error) {
	if !record.Collection().IsView() {
		return record.Id, patientsOf(record), nil
	}
	columns, err := columnsOf(app, record.Collection())
	if err != nil {
		return "", nil, err
	}
	event := Event{viewed: viewedIDs{}}
	event.viewed.add(record, columns)
	err = findViewed(ctx, app, &event)
	return recordID(record, columns), event.Patients, err
}
