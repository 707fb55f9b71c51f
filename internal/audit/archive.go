package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/dberror"
	"carebase/internal/deadline"
)

// Archive moves the sealed events that were stored before a time to the archive, and
// returns how many segments of them. It does nothing for an app without an archive.
// Nothing leaves the database before it was read back from the archive. Several processes
// may do it at once.
func Archive(ctx context.Context, app core.App, before time.Time) (archived int, err error) {
	place := archiveOf(app)
	if place == nil {
		return 0, nil
	}
	if err := CheckArchive(ctx, app); err != nil {
		return 0, err
	}
	if err := errors.Join(place.clean(), place.removePruned(ctx, app)); err != nil {
		return 0, unreachable(err)
	}
	for after := int64(0); ; {
		var next segment
		err := app.ConcurrentDB().Select(segmentColumns...).From("audit_segments").
			Where(dbx.NewExp("[[number]] > {:after} AND [[last_id]] < {:before} AND [[object]] = ''", dbx.Params{"after": after, "before": idBefore(before)})).
			OrderBy("number").Limit(1).WithContext(ctx).One(&next)
		if errors.Is(err, sql.ErrNoRows) {
			return archived, nil
		}
		if err != nil {
			return archived, err
		}
		begun := time.Now()
		moved, err := place.move(ctx, app, &next)
		if moved {
			archived++
		}
		if err != nil {
			return archived, err
		}
		after = next.Number
		if err := deadline.Sleep(ctx, time.Since(begun)); err != nil { // for others
			return archived, err
		}
	}
}

// archiveOf returns the place of an app's archive; nil if it has none.
func archiveOf(app core.App) *archivePlace {
	if trail := Of(app); trail != nil && trail.archive != nil {
		return (*archivePlace)(trail.archive)
	}
	return nil
}

// Online returns how long sealed events stay in the database; 0 for as long as they are
// kept.
func (t *Trail) Online() time.Duration {
	if t.archive == nil {
		return 0
	}
	return t.archive.Online
}

// CheckArchive looks whether the archive still has what was archived last: another place,
// or a directory that is not mounted, does not.
func CheckArchive(ctx context.Context, app core.App) error {
	var last segment
	err := app.ConcurrentDB().Select(segmentColumns...).From("audit_segments").Where(dbx.NewExp("[[object]] <> ''")).
		OrderBy("number DESC").Limit(1).WithContext(ctx).One(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = last.load(ctx, app)
	}
	return err
}

// move moves a segment's content to the archive. It reports false if somebody else has
// archived or pruned the segment meanwhile.
func (a *archivePlace) move(ctx context.Context, app core.App, s *segment) (moved bool, err error) {
	content, err := s.stored(ctx, app)
	if errors.Is(err, sql.ErrNoRows) {
		return false, s.absent(ctx, app)
	}
	if err != nil {
		return false, err
	}
	if _, err := s.unpack(content); err != nil {
		return false, err
	}
	object := s.nameFor(content)
	if err := a.keep(ctx, object, content); err != nil {
		return false, unreachable(fmt.Errorf("failed to archive %s: %w", object, err))
	}
	err = app.RunInTransaction(func(tx core.App) error {
		result, err := tx.DB().Update("audit_segments", dbx.Params{"object": object}, dbx.HashExp{"number": s.Number, "first_id": s.FirstID, "object": ""}).
			WithContext(ctx).Execute()
		if err != nil {
			return err
		}
		changed, err := result.RowsAffected()
		if moved = changed == 1; err != nil || !moved {
			return err
		}
		_, err = tx.DB().Delete("audit_segment_contents", dbx.HashExp{"segment": s.Number}).WithContext(ctx).Execute()
		return err
	})
	if err != nil || moved {
		return moved && err == nil, err
	}
	return false, a.removeUnnamed(ctx, app, object)
}

// absent returns a *Violation for a segment that still ought to have a content.
func (s *segment) absent(ctx context.Context, app core.App) error {
	var kept int
	err := app.ConcurrentDB().Select("count(*)").From("audit_segments").Where(dbx.HashExp{"number": s.Number, "first_id": s.FirstID, "object": ""}).
		WithContext(ctx).Row(&kept)
	if err == nil && kept > 0 {
		err = &Violation{Event: s.FirstID, Problem: "it was sealed, and is missing"}
	}
	return err
}

// nameFor returns the name of the object with a segment's content: when its first event
// happened, for people, and the content's hash, so that no object ever replaces another.
func (s *segment) nameFor(content []byte) string {
	digest := sha256.Sum256(content)
	day := strings.ReplaceAll(s.FirstAt[:min(len(s.FirstAt), len(time.DateOnly))], "-", "")
	return day + "-" + s.FirstID + "-" + hex.EncodeToString(digest[:]) + ".ndjson.zst"
}

// keep writes an object, unless it is there, and reads it back.
func (a *archivePlace) keep(ctx context.Context, object string, content []byte) error {
	if found, err := a.read(ctx, object); err == nil && bytes.Equal(found, content) {
		return nil // of a process that was killed, or of an earlier state of the database
	}
	if err := a.write(ctx, object, content); err != nil {
		return err
	}
	found, err := a.read(ctx, object)
	if err == nil && !bytes.Equal(found, content) {
		err = errors.New("what was read back is not what was written")
	}
	return err
}

// removeUnnamed removes an object that no segment names.
func (a *archivePlace) removeUnnamed(ctx context.Context, app core.App, object string) error {
	var named int
	err := app.ConcurrentDB().Select("count(*)").From("audit_segments").Where(dbx.HashExp{"object": object}).WithContext(ctx).Row(&named)
	if err == nil && named == 0 {
		err = a.remove(ctx, object)
	}
	return err
}

// removePruned removes the objects of segments that were pruned.
func (a *archivePlace) removePruned(ctx context.Context, app core.App) error {
	var objects []string
	if err := app.ConcurrentDB().Select("object").From("audit_archive_removals").OrderBy("object").WithContext(ctx).Column(&objects); err != nil {
		return err
	}
	for _, object := range objects {
		if err := a.removeUnnamed(ctx, app, object); err != nil {
			return err
		}
		if _, err := app.NonconcurrentDB().Delete("audit_archive_removals", dbx.HashExp{"object": object}).WithContext(ctx).Execute(); err != nil {
			return err
		}
	}
	return nil
}

// archived reads a segment's content in the archive.
func (s *segment) archived(ctx context.Context, app core.App) ([]byte, error) {
	place := archiveOf(app)
	if place == nil {
		return nil, unreachable(fmt.Errorf("AUDIT_ARCHIVE_URL is not set, and the events from %s on are archived in %s", s.FirstID, s.Object))
	}
	content, err := place.read(ctx, s.Object)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, unreachable(&Violation{Event: s.FirstID, Problem: "it was archived, and its object " + s.Object + " is missing in the archive"})
	case err != nil:
		return nil, unreachable(fmt.Errorf("%s cannot be read: %w", s.Object, err))
	case s.nameFor(content) != s.Object:
		return nil, unreachable(&Violation{Event: s.FirstID, Problem: "it was archived, and its object " + s.Object + " is damaged in the archive"})
	}
	return content, nil
}

// unreachable marks an error of the archive.
func unreachable(err error) error { return fmt.Errorf("%w: %w", dberror.ErrNoArchive, err) }
