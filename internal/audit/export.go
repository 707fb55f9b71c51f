package audit

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

// Exported is an event with its lists and hash, as exports show it.
type Exported struct {
	Facts
	Records  []string `json:"records"`
	Patients []string `json:"patients"`
	Fields   []string `json:"fields"`
	Hash     string   `json:"hash"`
	// Checkpoints are those of an event that records pruning.
	Checkpoints []Checkpoint `json:"checkpoints,omitempty"`
}

// Export yields the events of [from, until) in the order in which they were stored,
// sealed or not.
func Export(ctx context.Context, app core.App, from, until time.Time, yield func(*Exported) error) error {
	begin, end := from.UTC().Format(rest.AnsweredTime), until.UTC().Format(rest.AnsweredTime)
	sets := newSetReader(app)
	return walkEntries(ctx, app, idBefore(from), func(event *entry) error {
		at := event.stored.RecordedAt
		if at < begin || at >= end {
			return nil // stored later than it happened
		}
		set, err := sets.read(ctx, event.stored.Set)
		if err != nil {
			return err
		}
		return yield(event.stored.export(event.hash, set.records, set.patients))
	})
}

// setReader reads sets of records, of which many events name the same one.
type setReader struct {
	app   core.App
	known map[string]recordSet
}

// setsKept is how many sets a reader keeps.
const setsKept = 500

func newSetReader(app core.App) *setReader { return &setReader{app, map[string]recordSet{}} }

// read returns a set; an empty one for an empty id, and for one that does not exist.
func (r *setReader) read(ctx context.Context, id string) (set recordSet, err error) {
	if id == "" {
		return set, nil
	}
	if known, found := r.known[id]; found {
		return known, nil
	}
	err = r.app.ConcurrentDB().Select("records", "patients").From("audit_record_sets").Where(dbx.HashExp{"id": id}).WithContext(ctx).Row(&set.records, &set.patients)
	if errors.Is(err, sql.ErrNoRows) {
		return set, nil
	}
	if len(r.known) >= setsKept {
		clear(r.known)
	}
	r.known[id] = set
	return set, err
}

func (s *stored) export(hash, records, patients string) *Exported {
	switch {
	case s.Set == "":
		records, patients = s.Records, s.Patient
	case s.Collection == collections.Patients:
		patients = records
	case patients == nobody:
		patients = ""
	}
	return &Exported{
		Facts: s.Facts, Records: strings.Fields(records), Patients: strings.Fields(patients), Fields: strings.Fields(s.Fields), Hash: hash,
		Checkpoints: s.Checkpoints,
	}
}
