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
	"path/filepath"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/core"
)

// writeArchive writes a zip file of a data directory, in a layout that PocketBase
// can restore too: a snapshot of each database, and the other files. Files that are
// deleted meanwhile are skipped; their records are gone as well. The archive is
// encrypted to the recipient, unless that is nil.
func writeArchive(ctx context.Context, app core.App, exclude []string, scratch, target string, recipient age.Recipient) error {
	report := progressOf(ctx)
	for _, name := range databases {
		err := snapshot(ctx, filepath.Join(app.DataDir(), name), filepath.Join(scratch, name), func(done, total int64) {
			report("copying", name, done, total)
		})
		if err != nil {
			return err
		}
	}
	manifest, err := newManifest(ctx, app, scratch)
	if err != nil {
		return err
	}
	files, err := filesOf(app.DataDir(), exclude)
	if err != nil {
		return err
	}
	for _, name := range slices.Backward(databases) {
		files = append([]sourceFile{{name: name, path: filepath.Join(scratch, name)}}, files...)
	}
	output, err := newOutput(target, recipient)
	if err != nil {
		return err
	}
	return output.finish(writeZip(ctx, output, files, manifest, report))
}

// sourceFile is a file to archive under a name.
type sourceFile struct {
	name, path string
}

// filesOf returns the regular files of a data directory, without the databases and
// the files that only matter to this process.
func filesOf(directory string, exclude []string) ([]sourceFile, error) {
	var files []sourceFile
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(directory, path)
		if err != nil {
			return err
		}
		atTop := name != "." && !strings.ContainsRune(name, filepath.Separator)
		if atTop && (slices.Contains(exclude, name) || own(name) || ofDatabase(name) || name == manifestName) {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if entry.Type().IsRegular() {
			files = append(files, sourceFile{name: filepath.ToSlash(name), path: path})
		}
		return nil
	})
	return files, err
}

func writeZip(ctx context.Context, output io.Writer, files []sourceFile, manifest *Manifest, report Progress) error {
	var total int64
	for _, file := range files {
		if info, err := os.Stat(file.path); err == nil {
			total += info.Size()
		}
	}
	writer := &archiveWriter{zip: zip.NewWriter(output), ctx: ctx, manifest: manifest, report: func(done int64) {
		report("compressing", "all files", done, max(total, done+1))
	}}
	if err := writer.addAll(files); err != nil {
		return err
	}
	if err := writer.finish(); err != nil {
		return err
	}
	report("compressing", "all files", writer.done, writer.done)
	return nil
}

// archiveWriter writes the files and the manifest of an archive.
type archiveWriter struct {
	zip      *zip.Writer
	ctx      context.Context
	manifest *Manifest
	done     int64
	report   func(done int64)
}

func (a *archiveWriter) addAll(files []sourceFile) error {
	for _, file := range files {
		if err := a.add(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("failed to archive %s: %w", file.name, err)
		}
	}
	return nil
}

func (a *archiveWriter) add(file sourceFile) error {
	source, err := os.Open(file.path)
	if err != nil {
		return err
	}
	defer source.Close()
	entry, err := a.zip.CreateHeader(&zip.FileHeader{Name: file.name, Method: zip.Deflate, Modified: a.manifest.CreatedAt})
	if err != nil {
		return err
	}
	sum := sha256.New()
	size, err := io.Copy(io.MultiWriter(entry, sum), &watchedReader{archive: a, Reader: source})
	a.manifest.Files = append(a.manifest.Files, File{Name: file.name, Size: size, SHA256: hex.EncodeToString(sum.Sum(nil))})
	return err
}

func (a *archiveWriter) finish() error {
	entry, err := a.zip.CreateHeader(&zip.FileHeader{Name: manifestName, Method: zip.Deflate, Modified: a.manifest.CreatedAt})
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(entry)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(a.manifest); err != nil {
		return err
	}
	if err := a.zip.SetComment(sealPrefix + strings.Repeat("0", sealLength)); err != nil {
		return err
	}
	return a.zip.Close()
}

// watchedReader reports progress and fails when the context is done.
type watchedReader struct {
	io.Reader
	archive *archiveWriter
}

func (r *watchedReader) Read(buffer []byte) (int, error) {
	if err := r.archive.ctx.Err(); err != nil {
		return 0, err
	}
	count, err := r.Reader.Read(buffer)
	r.archive.done += int64(count)
	r.archive.report(r.archive.done)
	return count, err
}
