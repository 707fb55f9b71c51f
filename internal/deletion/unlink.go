package deletion

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"
	"golang.org/x/sync/errgroup"
)

const (
	// filesTogether is how many records' files are removed between two commits, and
	// filesAtOnce at the same time: a bucket takes its time to answer.
	filesTogether, filesAtOnce = 128, 16
)

// removeAll removes the files that are noted. Those that stay keep no others from being
// removed.
func (f *files) removeAll(ctx context.Context) error {
	var failures []error
	for after, goesOn := (removal{}), true; goesOn && ctx.Err() == nil; {
		var failed error
		goesOn = false // unless it is this process that works
		err := f.exclusively(ctx, func(ctx context.Context, app core.App) (err error) {
			after, goesOn, failed, err = f.removeSome(ctx, app, after)
			return err
		})
		if failures = append(failures, failed); err != nil {
			return errors.Join(append(failures, err)...)
		}
	}
	return errors.Join(failures...)
}

// exclusively works while no other process does on PostgreSQL: it could remove what has a new
// record's name by then. On SQLite, those who write would wait for the storage.
func (f *files) exclusively(ctx context.Context, work func(context.Context, core.App) error) error {
	ctx, cancel := context.WithTimeout(ctx, 2*stepTimeout)
	defer cancel()
	if !f.postgreSQL {
		return work(ctx, f.app)
	}
	return f.app.RunInTransaction(func(tx core.App) error {
		var mine bool
		if err := tx.DB().NewQuery("SELECT try_lock('carebase.files')").WithContext(ctx).Row(&mine); err != nil || !mine {
			return err
		}
		return work(ctx, tx)
	})
}

// removeSome removes the files of the next removals after one. Failed is why some of them
// stay noted, and goesOn whether there may be more removals.
func (f *files) removeSome(ctx context.Context, app core.App, after removal) (last removal, goesOn bool, failed, err error) {
	found, err := next(ctx, app, after)
	if err != nil || len(found) == 0 {
		return after, false, nil, err
	}
	gone, err := notStored(ctx, app, found)
	if err != nil {
		return after, false, nil, err
	}
	limited, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	kept, failed := f.unlink(limited, gone)
	done := slices.DeleteFunc(slices.Clone(found), func(each removal) bool { return slices.Contains(kept, each) })
	err = forgetFiles(ctx, app, done)
	return found[len(found)-1], len(found) == filesTogether && limited.Err() == nil, failed, err
}

func next(ctx context.Context, app core.App, after removal) (found []removal, err error) {
	params := after.params()
	params["size"] = filesTogether
	err = app.ConcurrentDB().NewQuery(`SELECT collection, record FROM file_removals
		WHERE collection > {:collection} OR collection = {:collection} AND record > {:record} ORDER BY collection, record LIMIT {:size}`).
		Bind(params).WithContext(ctx).All(&found)
	return found, err
}

// notStored returns those of some removals whose record, or collection, is not there
// again: PocketBase derives the id of a collection from its name.
func notStored(ctx context.Context, app core.App, all []removal) (gone []removal, err error) {
	known := map[string]*core.Collection{}
	for _, each := range all {
		collection, isKnown := known[each.Collection]
		if !isKnown {
			collection, err = app.FindCollectionByNameOrId(each.Collection)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return nil, err
			}
			known[each.Collection] = collection
		}
		stored := 0
		switch {
		case collection == nil:
		case each.Record == "":
			stored = 1
		default:
			err := app.ConcurrentDB().NewQuery("SELECT count(*) FROM {{" + collection.Name + "}} WHERE [[id]] = {:record}").
				Bind(dbx.Params{"record": each.Record}).WithContext(ctx).Row(&stored)
			if err != nil {
				return nil, err
			}
		}
		if stored == 0 {
			gone = append(gone, each)
		}
	}
	return gone, nil
}

// unlink removes files, thumbnails included, and returns those that could not be removed.
func (f *files) unlink(ctx context.Context, all []removal) (kept []removal, err error) {
	if len(all) == 0 {
		return nil, nil
	}
	storage, err := f.app.NewFilesystem()
	if err != nil {
		return all, err
	}
	defer storage.Close()
	storage.SetContext(ctx)
	failures := make([]error, len(all))
	var group errgroup.Group
	group.SetLimit(filesAtOnce)
	for i, each := range all {
		group.Go(func() error {
			failures[i] = errors.Join(slices.DeleteFunc(storage.DeletePrefix(each.prefix()), func(err error) bool {
				return errors.Is(err, filesystem.ErrNotFound) // somebody else has removed it
			})...)
			if failures[i] == nil {
				failures[i] = f.removeDirectory(each)
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in failures
	for i, failure := range failures {
		if failure == nil {
			continue
		}
		if kept = append(kept, all[i]); err == nil { // one is enough to tell what is wrong
			err = fmt.Errorf("the files in %s: %w", all[i].prefix(), failure)
		}
	}
	return kept, err
}

// removeDirectory removes what is no file to PocketBase, which keeps what it knows of a file
// in another one beside it: a process that is killed between the two leaves the other one.
func (f *files) removeDirectory(of removal) error {
	isPlain := core.DefaultIdRegex.MatchString(of.Collection) && (of.Record == "" || core.DefaultIdRegex.MatchString(of.Record))
	if f.app.Settings().S3.Enabled || !isPlain {
		return nil
	}
	return os.RemoveAll(filepath.Join(f.app.DataDir(), core.LocalStorageDirName, of.Collection, of.Record))
}

// forgetFiles forgets removals, those of a collection at once.
func forgetFiles(ctx context.Context, app core.App, all []removal) error {
	records := map[string][]string{}
	for _, each := range all {
		records[each.Collection] = append(records[each.Collection], each.Record)
	}
	for collection, ids := range records {
		list, params, err := listOf(ids)
		if err != nil {
			return err
		}
		params["collection"] = collection
		_, err = app.NonconcurrentDB().NewQuery("DELETE FROM file_removals WHERE collection = {:collection} AND record IN (" + list + ")").
			Bind(params).WithContext(ctx).Execute()
		if err != nil {
			return err
		}
	}
	return nil
}
