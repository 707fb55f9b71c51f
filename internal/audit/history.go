package audit

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// HistoryEntry is an event as a patient's owner sees it.
type HistoryEntry struct {
	Facts
	// AgentName is the agent's current name; empty if the account no longer exists.
	// With an impersonator it is "superuser ID as user NAME", or "… as superuser ID".
	AgentName string
	Fields    []string
	// Records are the ids of the records concerned, unless they are many.
	Records []string
	// Doctor is the id of the doctor whose assignment was changed. Earlier versions did
	// not record it.
	Doctor string
}

// superuserName is shown for superusers, who have an e-mail address but no name.
const superuserName = "Superuser"

// ofPatient returns the condition for events about a patient: by the patient, or by
// a set with the patient that was read by the owner or by somebody without one.
func ofPatient(patient, owner string) dbx.Expression {
	return dbx.NewExp("[[subject]] IN ("+subjectsOfPatient+")", dbx.Params{"patient": patient, "owner": owner})
}

// isIndexed is the condition of the index of subjects in rows.
const isIndexed = "[[subject]] <> ''"

// inRow is ofPatient for rows.
func inRow(patient, owner string) dbx.Expression {
	return dbx.And(ofPatient(patient, owner), dbx.NewExp(isIndexed))
}

const subjectsOfPatient = `SELECT {:patient} UNION ALL SELECT [[id]] FROM {{audit_record_sets}}
	WHERE [[owner]] IN ({:owner}, '') AND instr(' ' || CASE [[patients]] WHEN '' THEN [[records]] ELSE [[patients]] END || ' ', ' ' || {:patient} || ' ') > 0`

// sealedOfPatient is a query for the segments with events about a patient, as of ofPatient,
// and how many there are of each subject.
var sealedOfPatient = "SELECT [[subject]], [[segment]], [[events]] FROM {{audit_segment_subjects}} WHERE [[subject]] IN (" + subjectsOfPatient + `)
	UNION ALL ` + inLists("patients", "{:patient}") + `
	UNION ALL SELECT CAST([[k.key]] AS TEXT), [[l.segment]], CAST([[k.value]] AS INTEGER) FROM {{audit_segment_lists}} l, json_each([[l.sets]]) k
		WHERE [[l.sets]] <> '{}' AND [[k.key]] IN (` + subjectsOfPatient + ")"

// CountHistory counts the events about a patient.
func CountHistory(ctx context.Context, app core.App, patient, owner string) (count int64, err error) {
	// Rows before segments: one that is sealed meanwhile is rather counted twice than not.
	for _, query := range []*dbx.Query{
		app.ConcurrentDB().Select("count(*)").From("audit_log").Where(inRow(patient, owner)).Build(),
		app.ConcurrentDB().NewQuery("SELECT coalesce(sum([[events]]), 0) FROM (" + sealedOfPatient + ") found").Bind(dbx.Params{"patient": patient, "owner": owner}),
	} {
		var found int64
		if err := query.WithContext(ctx).Row(&found); err != nil {
			return 0, err
		}
		count += found
	}
	return count, nil
}

// History returns a page of the events about a patient, newest first.
func History(ctx context.Context, app core.App, patient, owner string, offset, limit int64) ([]HistoryEntry, error) {
	return historyOf(ctx, app, about{patient: patient, owner: owner}, offset, limit)
}

// historyChunk is how many events WholeHistory reads at a time.
const historyChunk = 500

// WholeHistory yields the events about a patient up to now, newest first.
func WholeHistory(ctx context.Context, app core.App, patient, owner string) iter.Seq2[HistoryEntry, error] {
	return func(yield func(HistoryEntry, error) bool) {
		asked := about{patient: patient, owner: owner}
		for {
			entries, err := historyOf(ctx, app, asked, 0, historyChunk)
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
			asked.before = entries[historyChunk-1].ID
		}
	}
}

// about is which events are asked for: those about a patient, as of ofPatient, with ids
// before one; empty for all.
type about struct{ patient, owner, before string }

// historyOf returns events, newest first.
func historyOf(ctx context.Context, app core.App, asked about, offset, limit int64) ([]HistoryEntry, error) {
	condition := inRow(asked.patient, asked.owner)
	if asked.before != "" {
		condition = dbx.And(condition, dbx.NewExp("[[id]] < {:before}", dbx.Params{"before": asked.before}))
	}
	var rows []row
	err := app.ConcurrentDB().Select("id", "event").From("audit_log").Where(condition).
		OrderBy("id DESC").Limit(offset + limit).WithContext(ctx).All(&rows)
	if err != nil {
		return nil, err
	}
	found, err := parseRows(rows)
	if err != nil {
		return nil, err
	}
	// Whose row has another's subject was tampered with: verification names it.
	found = slices.DeleteFunc(found, func(event entry) bool { return event.stored.Set == "" && event.stored.Patient != asked.patient })
	if found, err = addSealed(ctx, app, found, asked, int(offset+limit)); err != nil {
		return nil, err
	}
	found = found[min(int(offset), len(found)):]
	entries := make([]HistoryEntry, len(found))
	var users []any
	for i, event := range found {
		entries[i] = HistoryEntry{Facts: event.stored.Facts, Fields: strings.Fields(event.stored.Fields), Records: strings.Fields(event.stored.Records)}
		if event.stored.Collection == collections.Mappings {
			if doctor, named := strings.CutPrefix(event.stored.Detail, doctorDetail); named {
				entries[i].Doctor = doctor
			}
		}
		users = append(users, event.stored.Agent)
	}
	return entries, addNames(ctx, app, entries, users)
}

func parseRows(rows []row) ([]entry, error) {
	found := make([]entry, len(rows))
	for i, row := range rows {
		found[i] = entry{id: row.ID, text: row.Event}
		if err := found[i].stored.parse(row.Event); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// addSealed adds the sealed events that are asked for to those in rows, and returns the
// newest of all, newest first.
func addSealed(ctx context.Context, app core.App, newest []entry, asked about, limit int) ([]entry, error) {
	database := app.ConcurrentDB()
	params := dbx.Params{"patient": asked.patient, "owner": asked.owner}
	var subjects []string
	err := database.NewQuery("SELECT DISTINCT [[subject]] FROM (" + sealedOfPatient + ") found").
		Bind(params).WithContext(ctx).Column(&subjects)
	if err != nil || len(subjects) == 0 {
		return newest, err
	}
	var segments []*segment
	err = database.NewQuery("SELECT " + strings.Join(segmentColumns, ", ") + ` FROM {{audit_segments}} WHERE [[number]] IN (
		SELECT [[segment]] FROM (` + sealedOfPatient + ") found) ORDER BY [[last_id]] DESC").
		Bind(params).WithContext(ctx).All(&segments)
	if err != nil {
		return nil, err
	}
	for _, segment := range segments {
		if len(newest) >= limit && newest[limit-1].id > segment.LastID {
			break
		}
		if asked.before != "" && segment.FirstID >= asked.before {
			continue
		}
		events, err := segment.load(ctx, app)
		if err != nil {
			return nil, err
		}
		for _, event := range events {
			if slices.Contains(subjects, event.subject) && (asked.before == "" || event.id < asked.before) {
				newest = append(newest, event)
			}
		}
		slices.SortFunc(newest, func(a, b entry) int { return cmp.Compare(b.id, a.id) })
		// One that is sealed meanwhile was read twice.
		newest = slices.CompactFunc(newest, func(a, b entry) bool { return a.id == b.id })
		newest = newest[:min(limit, len(newest))]
	}
	return newest, nil
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
			entry.AgentName = "superuser " + entry.Impersonator + " as " + string(entry.AgentType) + " " + cmp.Or(names[entry.Agent], entry.Agent)
		case entry.AgentType == User:
			entry.AgentName = names[entry.Agent]
		case entry.AgentType == Superuser:
			entry.AgentName = superuserName
		}
	}
	return nil
}
