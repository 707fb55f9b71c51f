package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// AuditReads says how the audit trail records reads.
type AuditReads string

const (
	// AuditReadsBatched stores reads in batches, within a second.
	AuditReadsBatched AuditReads = "batched"
	// AuditReadsSync stores each read before it is answered.
	AuditReadsSync AuditReads = "sync"
	// AuditReadsOff does not record successful reads.
	AuditReadsOff AuditReads = "off"
)

const (
	day = 24 * time.Hour
	// defaultAuditRetention is six years, as HIPAA requires.
	defaultAuditRetention = 2192 * day
	defaultAuditSealAfter = day
	maxAuditRetention     = 100 * 366 * day
)

func (v *validator) auditReads(name, value string) AuditReads {
	switch reads := AuditReads(value); reads {
	case "":
		return AuditReadsBatched
	case AuditReadsBatched, AuditReadsSync, AuditReadsOff:
		return reads
	}
	v.problem(name, value, "batched, sync or off")
	return ""
}

// retention parses a number of days, with or without a d, or a duration.
func (v *validator) retention(name, value string) time.Duration {
	retention, ok := parseDays(value, defaultAuditRetention)
	if !ok || retention < day || retention > maxAuditRetention {
		v.problem(name, value, "a number of days such as 2192d, or a duration of at least 24h")
		return 0
	}
	return retention
}

// sealAfter parses how old events are when they are sealed; 0 for never.
func (v *validator) sealAfter(name, value string) time.Duration {
	if strings.ToLower(value) == "off" {
		return 0
	}
	after, ok := parseDays(value, defaultAuditSealAfter)
	if !ok || after < time.Hour || after > maxAuditRetention {
		v.problem(name, value, "a number of days such as 1d, a duration of at least 1h, or off")
		return 0
	}
	return after
}

const (
	defaultAuditHeadsInterval = 10 * time.Minute
	maxAuditHeadsInterval     = 24 * time.Hour
)

// AuditHeads says when and where the heads of the audit chains are written, so
// that they survive a rewritten database.
type AuditHeads struct {
	// Interval is the time between two writings to the log; 0 for none.
	Interval time.Duration
	// Place is where they are written besides the log; nil for nowhere.
	Place *HeadsPlace

	// AccessKeyID and SecretAccessKey are those of buckets.
	AccessKeyID, SecretAccessKey string
}

// HeadsPlace is a file to append to, or a path in a bucket for one object per
// writing.
type HeadsPlace struct {
	File string
	S3   *Bucket
	Path string
}

// ParsePlace parses a path, file:///path or s3://bucket/path, as AUDIT_HEADS_URL
// has them, with the credentials of the environment.
func (h AuditHeads) ParsePlace(value string) (*HeadsPlace, error) {
	if !strings.Contains(value, "://") {
		return &HeadsPlace{File: filepath.Clean(value)}, nil
	}
	if parsed, err := url.Parse(value); err == nil && parsed.Scheme == "file" && parsed.Host == "" && filepath.IsAbs(parsed.Path) {
		return &HeadsPlace{File: filepath.Clean(parsed.Path)}, nil
	}
	bucket, path := parseBucket(value, variables{AWSAccessKeyID: h.AccessKeyID, AWSSecretAccessKey: h.SecretAccessKey})
	if bucket == nil {
		return nil, errors.New("must be a path, file:///path, or s3://bucket/path" + bucketAllowed)
	}
	return &HeadsPlace{S3: bucket, Path: path}, nil
}

func (v *validator) auditHeads(raw variables) AuditHeads {
	heads := AuditHeads{
		Interval:    v.headsInterval("AUDIT_HEADS_INTERVAL", raw.AuditHeadsInterval),
		AccessKeyID: raw.AWSAccessKeyID, SecretAccessKey: raw.AWSSecretAccessKey,
	}
	if raw.AuditHeadsURL == "" {
		return heads
	}
	if heads.Interval == 0 {
		v.secretProblem("AUDIT_HEADS_URL", "unset when AUDIT_HEADS_INTERVAL is off")
	}
	place, err := heads.ParsePlace(raw.AuditHeadsURL)
	if err != nil {
		v.problems = append(v.problems, fmt.Errorf("AUDIT_HEADS_URL %w", err))
	}
	heads.Place = place
	return heads
}

func (v *validator) headsInterval(name, value string) time.Duration {
	switch strings.ToLower(value) {
	case "":
		return defaultAuditHeadsInterval
	case "0", "off":
		return 0
	}
	interval, err := time.ParseDuration(value)
	if err != nil || interval < time.Second || interval > maxAuditHeadsInterval {
		v.problem(name, value, "a duration from 1s to 24h such as 10m, or off")
		return defaultAuditHeadsInterval
	}
	return interval
}
