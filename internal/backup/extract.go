package backup

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
)

// maxManifest limits the size of a manifest, which lists every uploaded file.
const maxManifest = 1 << 30

// extract unpacks an archive into an empty directory, checks it against its manifest
// and returns the manifest. It writes only the files that the manifest lists, and
// nothing outside the directory.
func extract(ctx context.Context, archive, target string, identities []age.Identity) (*Manifest, error) {
	opened, err := openArchive(archive, identities)
	if err != nil {
		return nil, err
	}
	defer opened.close()
	if err := checkSeal(opened.content, opened.size); err != nil {
		return nil, err
	}
	manifest, err := readManifest(opened.Reader)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := extractAll(ctx, opened.Reader, root, manifest); err != nil {
		return nil, err
	}
	return manifest, checkDatabases(ctx, target, manifest)
}

func readManifest(reader *zip.Reader) (*Manifest, error) {
	file, err := reader.Open(manifestName)
	if err != nil {
		return nil, fmt.Errorf("the backup has no manifest: %w", err)
	}
	defer file.Close()
	manifest := &Manifest{}
	if err := json.NewDecoder(io.LimitReader(file, maxManifest)).Decode(manifest); err != nil {
		return nil, fmt.Errorf("failed to read the backup's manifest: %w", err)
	}
	if manifest.Format != format {
		return nil, fmt.Errorf("the backup has format %d; this program reads format %d", manifest.Format, format)
	}
	if migration := unknownMigration(manifest.Migrations); migration != "" {
		return nil, fmt.Errorf("the backup was made by a newer Carebase: this one does not have its migration %s", migration)
	}
	return manifest, nil
}

func extractAll(ctx context.Context, reader *zip.Reader, root *os.Root, manifest *Manifest) error {
	report := progressOf(ctx)
	total, done := int64(0), int64(0)
	entries := map[string]*zip.File{}
	for _, entry := range reader.File {
		entries[entry.Name] = entry
	}
	for _, file := range manifest.Files {
		total += file.Size
	}
	if len(entries) != len(manifest.Files)+1 || len(entries) != len(reader.File) {
		return fmt.Errorf("%w: it has %d files instead of %d", errDiffers, len(reader.File)-1, len(manifest.Files))
	}
	for _, file := range manifest.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		entry, ok := entries[file.Name]
		if !ok {
			return fmt.Errorf("%w: %s is missing", errDiffers, file.Name)
		}
		if err := extractFile(entry, root, file); err != nil {
			return err
		}
		done += file.Size
		report("unpacking", "all files", done, total)
	}
	return nil
}

func extractFile(entry *zip.File, root *os.Root, file File) error {
	top, _, _ := strings.Cut(path.Clean(file.Name), "/")
	if !filepath.IsLocal(file.Name) || slices.Contains(kept, top) || own(top) {
		return fmt.Errorf("the backup contains a file outside the data: %q", file.Name)
	}
	source, err := entry.Open()
	if err != nil {
		return fmt.Errorf("%s in the backup is damaged: %w", file.Name, err)
	}
	defer source.Close()
	if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(file.Name)), 0o700); err != nil {
		return err
	}
	target, err := root.OpenFile(filepath.FromSlash(file.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(target, sum), io.LimitReader(source, file.Size+1))
	if err == nil {
		err = target.Sync()
	}
	if err = errors.Join(err, target.Close()); err != nil {
		return fmt.Errorf("failed to unpack %s: %w", file.Name, err)
	}
	if size != file.Size || hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
		return fmt.Errorf("%w: the checksum of %s differs", errDiffers, file.Name)
	}
	return nil
}

// checkDatabases checks the unpacked databases against the manifest.
func checkDatabases(ctx context.Context, directory string, manifest *Manifest) error {
	for _, name := range databases {
		if _, err := os.Stat(filepath.Join(directory, name)); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w: %s is missing", errDiffers, name)
		}
		if err := checkDatabase(ctx, directory, name, manifest.Tables[name]); err != nil {
			return err
		}
	}
	return nil
}

func checkDatabase(ctx context.Context, directory, name string, counts map[string]int64) error {
	database, err := openAtRest(directory, name)
	if err != nil {
		return err
	}
	defer database.close()
	if err := database.check(ctx); err != nil {
		return err
	}
	return database.compare(ctx, counts)
}
