package backup

import (
	"context"
	"slices"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/version"
)

// format is the version of the archive's layout.
const format = 1

// Manifest says what is in an archive. It is in the archive as
// carebase-backup.json.
type Manifest struct {
	Format    int       `json:"format"`
	CreatedAt time.Time `json:"created_at"`
	// Carebase and PocketBase are the versions that made the archive; Commit is
	// Carebase's.
	Carebase   string `json:"carebase"`
	Commit     string `json:"commit,omitempty"`
	PocketBase string `json:"pocketbase"`
	// Migrations are those that the data has gone through.
	Migrations []string `json:"migrations"`
	// Tables are the numbers of rows, by database file and table.
	Tables map[string]map[string]int64 `json:"tables"`
	// AuditHeads are how far the chains of the audit trail go.
	AuditHeads []audit.Head `json:"audit_heads"`
	// Files are all others in the archive.
	Files []File `json:"files"`
	// Elsewhere says what is not in the archive and where it is.
	Elsewhere string `json:"elsewhere,omitempty"`
}

// File is a file of an archive.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Rows is how many rows there are in all tables.
func (m *Manifest) Rows() int64 {
	var rows int64
	for _, tables := range m.Tables {
		for _, count := range tables {
			rows += count
		}
	}
	return rows
}

func newManifest(ctx context.Context, app core.App, scratch string) (*Manifest, error) {
	manifest := &Manifest{Format: format, CreatedAt: time.Now().UTC().Truncate(time.Second), Tables: map[string]map[string]int64{}}
	manifest.Carebase, manifest.Commit = version.String(), version.Commit()
	manifest.PocketBase = version.Dependency("github.com/pocketbase/pocketbase")
	manifest.Elsewhere = Elsewhere(app)
	for _, name := range databases {
		if err := manifest.describe(ctx, scratch, name); err != nil {
			return nil, err
		}
	}
	return manifest, nil
}

// Elsewhere says what backups of an app do not hold and where that is, if
// anything.
func Elsewhere(app core.App) string {
	if s3 := app.Settings().S3; s3.Enabled {
		return "uploaded files are in the S3 bucket " + s3.Bucket
	}
	return ""
}

// describe notes what is in a snapshot of a database.
func (m *Manifest) describe(ctx context.Context, directory, name string) error {
	content, err := openAtRest(directory, name)
	if err != nil {
		return err
	}
	defer content.close()
	if m.Tables[name], err = content.counts(ctx); err != nil {
		return err
	}
	if name != dataFile {
		return nil
	}
	if m.Migrations, err = content.migrations(ctx); err != nil {
		return err
	}
	if _, audited := m.Tables[name]["audit_chains"]; audited {
		m.AuditHeads, err = audit.Heads(ctx, dbx.NewFromDB(content.database, "sqlite"))
	}
	return err
}

// unknownMigration is one of the applied migrations that this program does not
// have, if there is any: the data is a newer program's.
func unknownMigration(applied []string) string {
	var known []string
	for _, list := range []core.MigrationsList{core.SystemMigrations, core.AppMigrations} {
		for _, migration := range list.Items() {
			known = append(known, migration.File)
		}
	}
	for _, file := range applied {
		if !slices.Contains(known, file) {
			return file
		}
	}
	return ""
}
