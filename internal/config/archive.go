package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// AuditArchive is where sealed audit events go once they are older than Online: a
// directory, or a path in a bucket.
type AuditArchive struct {
	Directory string
	S3        *Bucket
	Path      string
	Online    time.Duration
}

// Directories returns the directory of the archive, if it is in one. A nil archive has
// none.
func (a *AuditArchive) Directories() []string {
	if a == nil || a.S3 != nil {
		return nil
	}
	return []string{a.Directory}
}

const (
	defaultAuditOnline = 90 * day
	minAuditOnline     = time.Hour
)

// auditArchive parses AUDIT_ARCHIVE_URL, which has the places of AUDIT_HEADS_URL, and
// AUDIT_ONLINE.
func (v *validator) auditArchive(raw variables, dataDir string, heads AuditHeads, retention time.Duration) *AuditArchive {
	online, ok := parseDays(raw.AuditOnline, defaultAuditOnline)
	if !ok || online < minAuditOnline {
		v.problem("AUDIT_ONLINE", raw.AuditOnline, "a number of days such as 90d, or a duration of at least 1h")
	}
	if raw.AuditArchiveURL == "" {
		return nil
	}
	place, err := heads.ParsePlace(raw.AuditArchiveURL)
	if err != nil {
		v.problems = append(v.problems, fmt.Errorf("AUDIT_ARCHIVE_URL %w", err))
		return nil
	}
	// A restore exchanges what is in the data directory.
	if place.S3 == nil && isWithin(place.File, dataDir) {
		v.problem("AUDIT_ARCHIVE_URL", raw.AuditArchiveURL, "outside DATA_DIR")
	}
	if online >= retention && retention > 0 {
		v.problem("AUDIT_ONLINE", orDefault(raw.AuditOnline, "90d"), "shorter than AUDIT_RETENTION")
	}
	return &AuditArchive{Directory: place.File, S3: place.S3, Path: place.Path, Online: online}
}

// parseDays parses a number of days, with or without a d, or a duration.
func parseDays(value string, fallback time.Duration) (duration time.Duration, ok bool) {
	if value == "" {
		return fallback, true
	}
	if days, err := strconv.Atoi(strings.TrimSuffix(value, "d")); err == nil {
		return time.Duration(days) * day, days >= 0 && days <= int(maxAuditRetention/day)
	}
	duration, err := time.ParseDuration(value)
	return duration, err == nil
}

// isWithin reports whether a path is a directory or below it, wherever links lead.
func isWithin(path, directory string) bool {
	relative, err := filepath.Rel(resolved(directory), resolved(path))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, ".."+string(filepath.Separator))
}

// resolved returns the absolute path without links; that with links if there is nothing.
func resolved(path string) string {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	if target, err := filepath.EvalSymlinks(absolute); err == nil {
		return target
	}
	return absolute
}
