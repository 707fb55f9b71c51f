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

// format is the version of the archive layout.
const format = 1

// Manifest describes an archive. It is stored in the archive as carebase-backup.json.
type Manifest struct {
	Format    int       `json:"format"`
	CreatedAt time.Time `json:"created_at"`
	// Carebase and PocketBase are the versions that made the archive; Commit is
	// Carebase's.
	Carebase   string `json:"carebase"`
	Commit     string `json:"commit,omitempty"`
	PocketBase string `json:"pocketbase"`
	// Migrations are the applied migrations.
	Migrations []string `json:"migrations"`
	// Tables has the number of rows by database file and table.
	Tables map[string]map[string]int64 `json:"tables"`
	// AuditHeads are the heads of the audit trail's chains.
	AuditHeads []audit.Head `json:"audit_heads"`
	// Files are all other files of the archive.
	Files []File `json:"files"`
	// Elsewhere says which data is not in the archive, and where it is.
	Elsewhere string `json:"elsewhere,omitempty"`
}

// File is a file of an archive.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Rows returns the number of rows in all tables.
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

// Elsewhere says which data the app's backups do not contain, and where it is;
// empty if they contain everything.
func Elsewhere(app core.App) string {
	if s3 := app.Settings().S3; s3.Enabled {
		return "uploaded files are in the S3 bucket " + s3.Bucket
	}
	return ""
}

// describe adds the description of a database snapshot.
func (m *Manifest) describe(ctx context.Context, directory, name string) error {
	database, err := openAtRest(directory, name)
	if err != nil {
		return err
	}
	defer database.close()
	if m.Tables[name], err = database.counts(ctx); err != nil {
		return err
	}
	if name != dataFile {
		return nil
	}
	if m.Migrations, err = database.migrations(ctx); err != nil {
		return err
	}
	if _, audited := m.Tables[name]["audit_chains"]; audited {
		m.AuditHeads, err = audit.Heads(ctx, dbx.NewFromDB(database.database, "sqlite"))
	}
	return err
}

// unknownMigration returns the first applied migration that this program does not
// have, which means that a newer program wrote the data; empty if there is none.
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
