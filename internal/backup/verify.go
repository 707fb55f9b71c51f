package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/config"
	"carebase/internal/sqlite"
)

// Verify restores an archive into a scratch directory, and opens and migrates an app
// on it. Its error names the first difference from the manifest. The identities decrypt
// an encrypted archive; without them the error is ErrEncrypted.
func Verify(ctx context.Context, archive string, identities ...age.Identity) (*Manifest, error) {
	scratch, err := os.MkdirTemp("", "carebase-verify-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	return verifyIn(ctx, scratch, archive, identities)
}

// verifyIn is Verify in a scratch directory of the caller's.
func verifyIn(ctx context.Context, scratch, archive string, identities []age.Identity) (*Manifest, error) {
	manifest, err := extract(ctx, archive, scratch, identities)
	if err != nil {
		return nil, err
	}
	trail, err := openRestored(ctx, scratch, manifest, nil)
	if err == nil {
		err = trail
	}
	return manifest, err
}

// ReadManifest returns the manifest of an archive, without checking the archive. The
// error is ErrEncrypted if it is encrypted.
func ReadManifest(archive string) (*Manifest, error) {
	opened, err := openArchive(archive, nil)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	return readManifest(opened.Reader)
}

// openRestored opens restored data as the next start does: it must migrate, and its
// records must be those of the manifest. It records the event, if there is one, in the
// restored audit trail. It returns trail if the audit trail is not intact, and err for
// all other errors.
func openRestored(ctx context.Context, directory string, manifest *Manifest, event *audit.Event) (trail, err error) {
	err = withRestored(directory, func(app core.App) error {
		// The archive is not in a backup, and need not answer for a restore.
		if _, trail = audit.VerifyWithoutArchive(ctx, app, manifest.AuditHeads); trail != nil {
			trail = fmt.Errorf("the restored audit trail is not intact: %w", trail)
			if !audit.IsViolation(trail) {
				return trail
			}
		}
		if err := compareRecords(ctx, app, manifest); err != nil || event == nil {
			return err
		}
		return audit.RecordIn(app, *event)
	})
	return trail, err
}

// withRestored migrates restored data, and runs the function with an app on it that
// has an audit trail and nothing else of the program.
func withRestored(directory string, use func(app core.App) error) (err error) {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory, DBConnect: sqlite.Connect})
	audit.Bind(app, &config.Config{}, audit.Options{})
	if err := app.Bootstrap(); err != nil {
		return fmt.Errorf("failed to open the restored data: %w", err)
	}
	defer func() { err = errors.Join(err, app.ResetBootstrapState()) }()
	if err := app.RunAllMigrations(); err != nil {
		return fmt.Errorf("failed to migrate the restored data: %w", err)
	}
	return use(app)
}

// compareRecords compares the numbers of records with the manifest, unless it is of an
// older schema, whose records the migrations may have changed.
func compareRecords(ctx context.Context, app core.App, manifest *Manifest) error {
	var migrations []string
	if err := app.DB().Select("file").From(core.DefaultMigrationsTable).OrderBy("file").WithContext(ctx).Column(&migrations); err != nil {
		return err
	}
	if !slices.Equal(migrations, manifest.Migrations) {
		return nil
	}
	return countRecords(app, manifest)
}

func countRecords(app core.App, manifest *Manifest) error {
	collections, err := app.FindAllCollections(core.CollectionTypeAuth, core.CollectionTypeBase)
	if err != nil {
		return err
	}
	for _, collection := range collections {
		count, err := app.CountRecords(collection)
		if err != nil {
			return fmt.Errorf("failed to read the restored records of %s: %w", collection.Name, err)
		}
		if want := manifest.Tables[dataFile][collection.Name]; count != want {
			return fmt.Errorf("%w: %s has %d records instead of %d", errDiffers, collection.Name, count, want)
		}
	}
	return nil
}
