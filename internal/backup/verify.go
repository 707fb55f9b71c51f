package backup

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/sqlite"
)

// Verify restores an archive into a scratch directory, and opens and migrates an app
// on it. Its error names the first difference from the manifest.
func Verify(ctx context.Context, archive string) (*Manifest, error) {
	scratch, err := os.MkdirTemp("", "carebase-verify-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	manifest, err := extract(ctx, archive, scratch)
	if err != nil {
		return nil, err
	}
	return manifest, tryApp(ctx, scratch, manifest)
}

// ReadManifest returns the manifest of an archive, without checking the archive.
func ReadManifest(archive string) (*Manifest, error) {
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return nil, fmt.Errorf("the backup is damaged: %w", err)
	}
	defer reader.Close()
	return readManifest(reader)
}

// tryApp opens an app on a restored directory: the data must migrate, its audit trail
// must be intact, and the records must be readable.
func tryApp(ctx context.Context, directory string, manifest *Manifest) (err error) {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory, DBConnect: sqlite.Connect})
	if err := app.Bootstrap(); err != nil {
		return fmt.Errorf("failed to open the restored data: %w", err)
	}
	defer func() { err = errors.Join(err, app.ResetBootstrapState()) }()
	if err := app.RunAllMigrations(); err != nil {
		return fmt.Errorf("failed to migrate the restored data: %w", err)
	}
	if _, err := audit.Verify(ctx, app, manifest.AuditHeads); err != nil {
		return fmt.Errorf("the restored audit trail is not intact: %w", err)
	}
	var migrations []string
	if err := app.DB().Select("file").From(core.DefaultMigrationsTable).OrderBy("file").WithContext(ctx).Column(&migrations); err != nil {
		return err
	}
	if !slices.Equal(migrations, manifest.Migrations) {
		return nil // the migrations may have changed the records of an older schema
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
