// Package importer migrates a Django deployment to Carebase: users with their
// passwords, patients, doctors, mappings and tokens, with their ids, times and owners.
// Everything is read and checked before anything is written, and all writes are one
// transaction.
package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/django/source"
)

// rowsPerReport is the number of rows between progress reports.
const rowsPerReport = 5000

// Options configures an import.
type Options struct {
	// From is the location of the deployment, in the syntax of source.Open.
	From string
	// Tables names the tables that cannot be detected.
	Tables Tables
	// KeepFirst resolves conflicts. Of users with equal addresses, the oldest keeps it
	// and the others get a placeholder that cannot sign in. Of equal mappings, only
	// the oldest is imported.
	KeepFirst bool
	// Superusers also makes PocketBase superusers of Django's.
	Superusers bool
	// OnlyDocumented skips columns that Carebase's documented API does not have.
	OnlyDocumented bool
	// AllowWeakHashes accepts salted MD5 password hashes.
	AllowWeakHashes bool
	// Out receives what was found and what will be done.
	Out io.Writer
	// Progress receives the number of rows done per table. It may be nil.
	Progress func(stage, table string, done, total int64)
	// Advance is called in the import's transaction for each collection with its
	// highest id, so that new ids continue after it. It may be nil.
	Advance func(app core.App, collection string, highest int64) error
}

// Import is a deployment that was read and checked.
type Import struct {
	options  Options
	now      string
	today    time.Time
	found    *deployment
	kinds    []*kind
	stage    *stage
	problems Problems
	hash     *hasher
	highest  map[string]int64
	// unnamed counts users without a name, who get their username or address as one.
	unnamed int
	// doctorsOwner is the superuser who gets doctors without an owner; 0 for none.
	doctorsOwner int64
	// resolved lists the conflicts that KeepFirst resolved.
	resolved []string
	// others are the tables that are not imported.
	others []string
}

// Prepare reads and checks a deployment and writes what it found to options.Out. The
// target is nil if its database does not exist yet. If the source has problems, the
// error is a *Problems. The caller must close the import.
func Prepare(ctx context.Context, target core.App, options Options) (prepared *Import, err error) {
	if options.Progress == nil {
		options.Progress = func(string, string, int64, int64) {}
	}
	if options.Out == nil {
		options.Out = io.Discard
	}
	now := time.Now()
	i := &Import{options: options, now: momentText(now), today: now.UTC(), hash: newHasher(), highest: map[string]int64{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, i.Close())
		}
	}()
	if err := i.readSource(ctx); err != nil {
		return nil, err
	}
	if err := i.check(ctx); err != nil {
		return nil, err
	}
	if target != nil {
		if err := i.checkTarget(ctx, target); err != nil {
			return nil, err
		}
	}
	if i.problems.Count > 0 {
		return nil, &i.problems
	}
	return i, i.describeFields()
}

// Close removes the import's temporary files.
func (i *Import) Close() error {
	if i.stage == nil {
		return nil
	}
	stage := i.stage
	i.stage = nil
	return stage.close()
}

// readSource copies the relevant rows of the source to the stage.
func (i *Import) readSource(ctx context.Context) (err error) {
	from, err := source.Open(ctx, i.options.From)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if i.found, err = discover(from.Tables(), i.options.Tables); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if !from.InOrder() {
		if err := inferOwners(ctx, from, i.found); err != nil {
			return fmt.Errorf("%s: %w", from, err)
		}
	}
	readers := i.readers()
	i.noteOthers(from.Tables())
	if err := i.describe(from); err != nil {
		return err
	}
	i.refuseKeys()
	if i.stage, err = newStage(ctx); err != nil {
		return err
	}
	var requests []source.Request
	for _, reader := range readers {
		if err := i.stage.make(ctx, reader.kind.collection, len(reader.kind.extras)); err != nil {
			return err
		}
		if !reader.kind.unreadable {
			requests = append(requests, reader.request(ctx))
		}
	}
	for _, name := range []string{collections.Patients, collections.Doctors, collections.Mappings} {
		if i.kindOf(name) == nil {
			if err := i.stage.make(ctx, name, 0); err != nil {
				return err
			}
		}
	}
	tokens, err := i.tokenRequests(ctx)
	if err != nil {
		return err
	}
	if err := from.Read(ctx, append(requests, tokens...)); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	for _, kind := range i.kinds {
		if !kind.unreadable {
			i.report("reading", kind, max(kind.rows, kind.table.Rows))
		}
	}
	return from.Unchanged()
}

func (i *Import) readers() []*rowReader {
	readers := []*rowReader{i.users(i.found.users)}
	if i.found.patients != nil {
		readers = append(readers, i.patients(i.found.patients))
	}
	if i.found.doctors != nil {
		readers = append(readers, i.doctors(i.found.doctors))
	}
	if i.found.mappings != nil {
		readers = append(readers, i.mappings(i.found.mappings))
	}
	for _, reader := range readers {
		i.kinds = append(i.kinds, reader.kind)
	}
	return readers
}

func (i *Import) tokenRequests(ctx context.Context) ([]source.Request, error) {
	for _, name := range []string{outstandingStage, blacklistedStage} {
		if err := i.stage.make(ctx, name, 0); err != nil {
			return nil, err
		}
	}
	var requests []source.Request
	if i.found.outstanding != nil {
		requests = append(requests, i.outstanding(ctx, i.found.outstanding))
		if i.found.blacklisted != nil {
			requests = append(requests, i.blacklisted(ctx, i.found.blacklisted))
		}
	}
	return requests, nil
}

// kindOf returns the kind of rows read for a collection, or nil.
func (i *Import) kindOf(collection string) *kind {
	for _, kind := range i.kinds {
		if kind.collection == collection {
			return kind
		}
	}
	return nil
}

func (i *Import) report(stage string, kind *kind, done int64) {
	i.options.Progress(stage, kind.table.Name, done, max(kind.table.Rows, done))
}

// refuseKeys reports tables whose primary key is not an integer and so cannot become
// an id, and patients without an owner column.
func (i *Import) refuseKeys() {
	for _, kind := range i.kinds {
		key := kind.table.Column(kind.table.Key)
		if kind.table.Rows > 0 && (key.Kind == source.UUID || key.Kind == source.Text) {
			kind.unreadable = true
			i.problems.add(kind.table.Name, "", "the primary keys (%s) are UUIDs or texts; only numbers can become ids", key.Name)
		}
		if kind.owner == nil && kind.collection == collections.Patients {
			kind.unreadable = true
			i.problems.add(kind.table.Name, "", "no column says whose a patient is: it needs a foreign key to %s, such as created_by", i.found.users.Name)
		}
	}
}

func (i *Import) birthColumn(table *source.Table) *source.Column {
	for n := range table.Columns {
		if column := &table.Columns[n]; birthPattern.MatchString(column.Name) && isMoment(column) {
			return column
		}
	}
	return nil
}

// yearsSince returns the number of completed years since a date; ok is false for null.
func (i *Import) yearsSince(value any) (years int64, ok bool, err error) {
	written, err := moment(value)
	if err != nil || written == "" {
		return 0, false, err
	}
	born, err := time.Parse(time.DateOnly, written[:len(time.DateOnly)])
	if err != nil {
		return 0, false, err
	}
	years = int64(i.today.Year() - born.Year())
	if i.today.Month() < born.Month() || i.today.Month() == born.Month() && i.today.Day() < born.Day() {
		years--
	}
	return years, true, nil
}

func idText(id int64) string { return strconv.FormatInt(id, 10) }
