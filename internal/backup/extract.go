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
)

// maxManifest bounds a manifest, which names every uploaded file.
const maxManifest = 1 << 30

// extract unpacks an archive into an empty directory, checking all that is said
// of it, and returns its manifest. Nothing is written outside of the directory
// and nothing beyond what the manifest says.
func extract(ctx context.Context, archive, target string) (*Manifest, error) {
	if err := checkSeal(archive); err != nil {
		return nil, err
	}
	reader, err := zip.OpenReader(archive)
	if err != nil {
		return nil, fmt.Errorf("the backup is damaged: %w", err)
	}
	defer reader.Close()
	manifest, err := readManifest(reader)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(target)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	if err := extractAll(ctx, reader, root, manifest); err != nil {
		return nil, err
	}
	return manifest, checkDatabases(ctx, target, manifest)
}

func readManifest(reader *zip.ReadCloser) (*Manifest, error) {
	file, err := reader.Open(manifestName)
	if err != nil {
		return nil, fmt.Errorf("the backup has no manifest: %w", err)
	}
	defer file.Close()
	manifest := &Manifest{}
	if err := json.NewDecoder(io.LimitReader(file, maxManifest)).Decode(manifest); err != nil {
		return nil, fmt.Errorf("the backup's manifest cannot be read: %w", err)
	}
	if manifest.Format != format {
		return nil, fmt.Errorf("the backup has format %d; this program reads format %d", manifest.Format, format)
	}
	if migration := unknownMigration(manifest.Migrations); migration != "" {
		return nil, fmt.Errorf("the backup was made by a newer Carebase, with the migration %s that this one does not have", migration)
	}
	return manifest, nil
}

func extractAll(ctx context.Context, reader *zip.ReadCloser, root *os.Root, manifest *Manifest) error {
	progress := progressOf(ctx)
	total, done := int64(0), int64(0)
	entries := map[string]*zip.File{}
	for _, entry := range reader.File {
		entries[entry.Name] = entry
	}
	for _, file := range manifest.Files {
		total += file.Size
	}
	if len(entries) != len(manifest.Files)+1 || len(entries) != len(reader.File) {
		return fmt.Errorf("%w: it has %d files and not %d", errDiffers, len(reader.File)-1, len(manifest.Files))
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
		progress("unpacking", "all files", done, total)
	}
	return nil
}

func extractFile(entry *zip.File, root *os.Root, file File) error {
	top, _, _ := strings.Cut(path.Clean(file.Name), "/")
	if !filepath.IsLocal(file.Name) || slices.Contains(kept, top) || own(top) {
		return fmt.Errorf("the backup names a file outside of the data: %q", file.Name)
	}
	source, err := entry.Open()
	if err != nil {
		return fmt.Errorf("%s in the backup is damaged: %w", file.Name, err)
	}
	defer source.Close()
	if err := root.MkdirAll(filepath.Dir(filepath.FromSlash(file.Name)), 0o755); err != nil {
		return err
	}
	target, err := root.OpenFile(filepath.FromSlash(file.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(target, sum), io.LimitReader(source, file.Size+1))
	if err == nil {
		err = target.Sync()
	}
	if err = errors.Join(err, target.Close()); err != nil {
		return fmt.Errorf("%s cannot be unpacked: %w", file.Name, err)
	}
	if size != file.Size || hex.EncodeToString(sum.Sum(nil)) != file.SHA256 {
		return fmt.Errorf("%w: %s has another checksum", errDiffers, file.Name)
	}
	return nil
}

// checkDatabases looks into the unpacked databases.
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
	content, err := openAtRest(directory, name)
	if err != nil {
		return err
	}
	defer content.close()
	if err := content.check(ctx); err != nil {
		return err
	}
	return content.compare(ctx, counts)
}
