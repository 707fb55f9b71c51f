// Package transfer copies PocketBase's databases from SQLite to PostgreSQL or
// back: tables, rows, indexes and views, from one snapshot, all or nothing.
// Both ends take SQLite's SQL, so the same code copies in every direction.
package transfer

import (
	"context"
	"errors"
	"fmt"
)

// files are PocketBase's databases.
var files = []string{"auxiliary.db", "data.db"}

// Progress is called with the number of finished rows of a table and their
// total. Stage is "copying" or "verifying".
type Progress func(stage, table string, done, total int64)

// Summary is the result of a copy.
type Summary struct {
	// Tables and Rows count what was copied and verified.
	Tables int
	Rows   int64
	// From and To describe the places, without passwords.
	From, To string
	// SourceDirectory and TargetDirectory are the data directories, which hold
	// the uploaded files; empty for PostgreSQL.
	SourceDirectory, TargetDirectory string
}

// Copy copies the databases from one place to another and verifies the copy.
// The destination must be empty, and is left empty on failure. A place is
// sqlite:DIRECTORY or postgres://... Uploaded files are not copied. Errors
// contain no passwords.
func Copy(ctx context.Context, from, to string, progress Progress) (summary Summary, err error) {
	origin, err := parse("--from", from)
	if err != nil {
		return summary, err
	}
	destination, err := parse("--to", to)
	if err != nil {
		return summary, err
	}
	summary = Summary{From: origin.String(), To: destination.String(), SourceDirectory: origin.directory, TargetDirectory: destination.directory}
	source, err := openSource(ctx, origin)
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, source.close()) }()
	target, err := openTarget(ctx, destination)
	if err != nil {
		return summary, err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	for i := range files {
		if err := refuseContent(ctx, target, i); err != nil {
			return summary, err
		}
	}
	for i, file := range files {
		tables, rows, err := copyFile(ctx, source, target, i, progress)
		if err != nil {
			return summary, fmt.Errorf("%s: %w", file, err)
		}
		summary.Tables += tables
		summary.Rows += rows
	}
	if err := source.unchanged(); err != nil {
		return summary, err
	}
	return summary, target.commit()
}

func refuseContent(ctx context.Context, target *target, file int) error {
	objects, err := readObjects(ctx, target.transactions[file])
	if err != nil {
		return err
	}
	if len(objects) > 0 {
		return fmt.Errorf("%s is not empty: it has a %s %q; use a new database", target.place, objects[0].kind, objects[0].name)
	}
	return nil
}

// copyFile copies one database and verifies the copy. Indexes are created after
// the rows, which is faster.
func copyFile(ctx context.Context, source *source, target *target, file int, progress Progress) (count int, rows int64, err error) {
	reader, writer := source.transactions[file], target.transactions[file]
	objects, err := readObjects(ctx, reader)
	if err != nil {
		return 0, 0, err
	}
	tables, err := readTables(ctx, reader, objects)
	if err != nil {
		return 0, 0, err
	}
	checksums := make([]checksum, len(tables))
	for i, table := range tables {
		if _, err := writer.ExecContext(ctx, table.definition); err != nil {
			return 0, 0, fmt.Errorf("failed to create the table %s: %w", table.name, err)
		}
		if checksums[i], err = copyRows(ctx, reader, writer, source.place, target.place, table, progress); err != nil {
			return 0, 0, fmt.Errorf("failed to copy the table %s: %w", table.name, err)
		}
		rows += checksums[i].rows
	}
	if err := makeIndexes(ctx, writer, target.place, objects); err != nil {
		return 0, 0, err
	}
	if err := makeViews(ctx, writer, target.place, objects); err != nil {
		return 0, 0, err
	}
	if err := compareObjects(ctx, writer, objects); err != nil {
		return 0, 0, err
	}
	for i, table := range tables {
		found, err := readRows(ctx, writer, target.place, table, progress)
		if err != nil {
			return 0, 0, fmt.Errorf("failed to read the copy of the table %s: %w", table.name, err)
		}
		if found != checksums[i] {
			return 0, 0, fmt.Errorf("the copy of the table %s differs: %s", table.name, difference(checksums[i], found))
		}
	}
	return len(tables), rows, nil
}
