package audit

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
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

// Export yields the events of [from, until) in the order in which they were
// stored. It streams one consistent state of the database.
func Export(ctx context.Context, app core.App, from, until time.Time, yield func(*Exported) error) error {
	rows, err := app.ConcurrentDB().NewQuery(`SELECT l.hash, l.event, COALESCE(s.records, ''), COALESCE(s.patients, '')
		FROM audit_log l LEFT JOIN audit_record_sets s ON s.id = l.subject WHERE l.id >= {:from} ORDER BY l.id`).
		Bind(dbx.Params{"from": idBefore(from)}).WithContext(ctx).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	begin, end := from.UTC().Format(timeLayout), until.UTC().Format(timeLayout)
	for rows.Next() {
		var hash, text, records, patients string
		if err := rows.Scan(&hash, &text, &records, &patients); err != nil {
			return err
		}
		var event stored
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			return err
		}
		if event.RecordedAt < begin || event.RecordedAt >= end {
			continue // stored later than it happened
		}
		if err := yield(event.export(hash, records, patients)); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *stored) export(hash, records, patients string) *Exported {
	if s.Set == "" {
		records, patients = s.Records, s.Patient
	} else if s.Collection == collections.Patients {
		patients = records
	}
	return &Exported{
		Facts: s.Facts, Records: strings.Fields(records), Patients: strings.Fields(patients), Fields: strings.Fields(s.Fields), Hash: hash,
		Checkpoints: s.Checkpoints,
	}
}
