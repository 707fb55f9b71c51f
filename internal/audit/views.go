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

// idPattern matches ids as PocketBase generates them.
var idPattern = regexp.MustCompile(`\b[a-z0-9]{15}\b`)

// recordID returns a record's id for an event. The id of a view's record can be any
// value, even of a health record, and is replaced by a hash unless it looks like an
// id.
func recordID(record *core.Record) string {
	if !record.Collection().IsView() || idPattern.FindString(record.Id) == record.Id {
		return record.Id
	}
	digest := sha256.Sum256([]byte(record.Id))
	return "sha256:" + hex.EncodeToString(digest[:8])
}

// idsIn returns what looks like an id in a view's record: computed columns may have
// several in a text.
func idsIn(record *core.Record) []string {
	var found []string
	for _, field := range record.Collection().Fields {
		found = append(found, idPattern.FindAllString(fmt.Sprint(record.GetRaw(field.GetName())), maxIDs)...)
	}
	return found
}

// findViewed completes an event of reading a view with the patients whose ids, or
// the ids of whose records, the view shows.
func findViewed(ctx context.Context, app core.App, event *Event) error {
	if len(event.viewed) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, viewedTimeout)
	defer cancel()
	ids := slices.Compact(slices.Sorted(slices.Values(event.viewed)))
	for _, declared := range collections.All() {
		if declared.Patient == "" {
			continue
		}
		for chunk := range slices.Chunk(ids, idsAtOnce) {
			values := make([]any, len(chunk))
			for i, id := range chunk {
				values[i] = id
			}
			var patients []string
			err := app.ConcurrentDB().Select(declared.Patient).From(declared.Name).Where(dbx.In("id", values...)).WithContext(ctx).Column(&patients)
			if err != nil {
				return err
			}
			event.Patients = append(event.Patients, patients...)
		}
	}
	event.Patients = slices.Compact(slices.Sorted(slices.Values(event.Patients)))
	return nil
}

// patientsIn is patientsOf for records of any kind of collection.
func patientsIn(ctx context.Context, app core.App, record *core.Record) ([]string, error) {
	if !record.Collection().IsView() {
		return patientsOf(record), nil
	}
	event := Event{viewed: idsIn(record)}
	err := findViewed(ctx, app, &event)
	return event.Patients, err
}
