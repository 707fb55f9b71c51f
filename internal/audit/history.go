package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// HistoryEntry is an event as a patient's owner sees it.
type HistoryEntry struct {
	Facts
	// AgentName is the agent's current name; empty if the account no longer exists.
	// With an impersonator it is "superuser ID as user NAME".
	AgentName string
	Fields    []string
}

// superuserName is shown for superusers, who have an e-mail address but no name.
const superuserName = "Superuser"

// ofPatient returns the condition for events about a patient: by the patient, or by
// a set with the patient that was read by the owner or by somebody without one.
func ofPatient(patient, owner string) dbx.Expression {
	return dbx.NewExp(`[[subject]] IN (SELECT {:patient} UNION ALL SELECT [[id]] FROM {{audit_record_sets}}
		WHERE [[owner]] IN ({:owner}, '') AND (instr([[records]], {:patient}) > 0 OR instr([[patients]], {:patient}) > 0))`,
		dbx.Params{"patient": patient, "owner": owner})
}

// CountHistory counts the events about a patient.
func CountHistory(ctx context.Context, app core.App, patient, owner string) (count int64, err error) {
	err = app.ConcurrentDB().Select("count(*)").From("audit_log").Where(ofPatient(patient, owner)).WithContext(ctx).Row(&count)
	return count, err
}

// History returns a page of the events about a patient, newest first.
func History(ctx context.Context, app core.App, patient, owner string, offset, limit int64) ([]HistoryEntry, error) {
	return historyOf(ctx, app, ofPatient(patient, owner), offset, limit)
}

// historyChunk is how many events WholeHistory reads at a time.
const historyChunk = 500

// WholeHistory yields the events about a patient up to now, newest first.
func WholeHistory(ctx context.Context, app core.App, patient, owner string) iter.Seq2[HistoryEntry, error] {
	return func(yield func(HistoryEntry, error) bool) {
		condition := ofPatient(patient, owner)
		for {
			entries, err := historyOf(ctx, app, condition, 0, historyChunk)
			if err != nil {
				yield(HistoryEntry{}, err)
				return
			}
			for _, entry := range entries {
				if !yield(entry, nil) {
					return
				}
			}
			if len(entries) < historyChunk {
				return
			}
			before := dbx.NewExp("[[id]] < {:before}", dbx.Params{"before": entries[historyChunk-1].ID})
			condition = dbx.And(ofPatient(patient, owner), before)
		}
	}
}

// historyOf returns events that meet a condition, newest first.
func historyOf(ctx context.Context, app core.App, condition dbx.Expression, offset, limit int64) ([]HistoryEntry, error) {
	var texts []string
	err := app.ConcurrentDB().Select("event").From("audit_log").Where(condition).
		OrderBy("id DESC").Offset(offset).Limit(limit).WithContext(ctx).Column(&texts)
	if err != nil {
		return nil, err
	}
	entries := make([]HistoryEntry, len(texts))
	var users []any
	for i, text := range texts {
		var event stored
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			return nil, err
		}
		entries[i] = HistoryEntry{Facts: event.Facts, Fields: strings.Fields(event.Fields)}
		users = append(users, event.Agent)
	}
	return entries, addNames(ctx, app, entries, users)
}

// addNames fills in the agents' names.
func addNames(ctx context.Context, app core.App, entries []HistoryEntry, users []any) error {
	var rows []struct {
		ID   string `db:"id"`
		Name string `db:"name"`
	}
	err := app.ConcurrentDB().Select("id", "name").From(collections.Users).Where(dbx.In("id", users...)).WithContext(ctx).All(&rows)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(rows))
	for _, row := range rows {
		names[row.ID] = row.Name
	}
	for i := range entries {
		switch entry := &entries[i]; {
		case entry.Impersonator != "":
			entry.AgentName = "superuser " + entry.Impersonator + " as user " + cmp.Or(names[entry.Agent], entry.Agent)
		case entry.AgentType == User:
			entry.AgentName = names[entry.Agent]
		case entry.AgentType == Superuser:
			entry.AgentName = superuserName
		}
	}
	return nil
}
