package backup

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"

	"carebase/internal/audit"
	"carebase/internal/sqlite"
)

const (
	// headsTimeout limits how long the heads of the replaced trail may take to read.
	headsTimeout = time.Minute
	// maxNotedHeads limits how many heads an event names: those of the latest chains,
	// which hang on the earlier ones.
	maxNotedHeads = 100
)

// headsIn returns the heads of the audit trail in a data directory that no process
// uses.
func headsIn(ctx context.Context, directory string) ([]audit.Head, error) {
	ctx, cancel := context.WithTimeout(ctx, headsTimeout)
	defer cancel()
	database, err := sqlite.Connect(filepath.Join(directory, dataFile))
	if err != nil {
		return nil, err
	}
	defer database.Close()
	return audit.Heads(ctx, database)
}

// replacedTrail describes the audit trail that a restore replaces, for its event. The
// JSON is a file for "audit verify --heads", to compare the replaced data with.
func replacedTrail(heads []audit.Head, err error) string {
	if err != nil {
		return ", replacing an audit trail that cannot be read"
	}
	text, err := json.Marshal(map[string][]audit.Head{"audit_heads": heads[max(0, len(heads)-maxNotedHeads):]})
	if err != nil {
		return ""
	}
	return ", replacing the audit trail " + string(text)
}
