package config

import (
	"net/url"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"github.com/pocketbase/pocketbase/tools/cron"
)

// Backup configures scheduled backups, the storage of backups, and replication.
type Backup struct {
	// Cron is the schedule, in UTC; empty for the dashboard's.
	Cron string
	// Keep is the number of scheduled backups to keep.
	Keep int
	// S3 is the bucket for backups; nil for the dashboard's choice.
	S3 *Bucket
	// Recipient is the public key to encrypt backups to; nil for none.
	Recipient age.Recipient
	// Replica is the place of the replica; nil for none.
	Replica *Replica
}

// Directories returns the directories outside the data directory that hold data: the
// replica, if it is in one.
func (b Backup) Directories() []string {
	if b.Replica == nil || b.Replica.Directory == "" {
		return nil
	}
	return []string{b.Replica.Directory}
}

// Replica is the place of a replica: a directory, or a path in a bucket.
type Replica struct {
	Directory string
	S3        *Bucket
	Path      string
}

// Bucket is a bucket of an object store with S3's interface.
type Bucket struct {
	Name, Region, Endpoint string
	AccessKey, Secret      string
	// ForcePathStyle makes the bucket part of the URL's path, not of its host.
	ForcePathStyle bool
}

const (
	defaultBackupKeep = 7
	maxBackupKeep     = 10000
	bucketAllowed     = ", with ?endpoint=https://host and &region=name if needed, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set"
)

func (v *validator) backup(raw variables, onPostgreSQL bool) Backup {
	for name, value := range map[string]string{"BACKUP_CRON": raw.BackupCron, "BACKUP_URL": raw.BackupURL, "BACKUP_RECIPIENT": raw.BackupRecipient, "REPLICA_URL": raw.ReplicaURL} {
		if onPostgreSQL && value != "" {
			v.secretProblem(name, "unset with PostgreSQL, which is backed up with its own tools (docs/postgresql.md)")
		}
	}
	backup := Backup{
		Cron:      raw.BackupCron,
		Keep:      v.number("BACKUP_KEEP", raw.BackupKeep, defaultBackupKeep, 1, maxBackupKeep),
		Recipient: v.recipient("BACKUP_RECIPIENT", raw.BackupRecipient),
		Replica:   v.replica(raw),
	}
	if _, err := cron.NewSchedule(raw.BackupCron); raw.BackupCron != "" && err != nil {
		v.problem("BACKUP_CRON", raw.BackupCron, "five fields (minute, hour, day, month, weekday) such as 0 3 * * *, or @daily")
	}
	if raw.BackupURL != "" {
		bucket, path := parseBucket(raw.BackupURL, raw)
		if bucket == nil || path != "" {
			v.secretProblem("BACKUP_URL", "s3://bucket"+bucketAllowed)
		}
		backup.S3 = bucket
	}
	return backup
}

// recipient parses an age public key. It does not show the value, which may be the
// private key by mistake.
func (v *validator) recipient(name, value string) age.Recipient {
	if value == "" {
		return nil
	}
	recipients, err := age.ParseRecipients(strings.NewReader(value))
	if err != nil || len(recipients) != 1 {
		v.secretProblem(name, "an age public key such as age1..., which age-keygen -y prints")
		return nil
	}
	return recipients[0]
}

// replica parses file:///directory or s3://bucket/path.
func (v *validator) replica(raw variables) *Replica {
	if raw.ReplicaURL == "" {
		return nil
	}
	parsed, err := url.Parse(raw.ReplicaURL)
	if err == nil && parsed.Scheme == "file" && parsed.Host == "" && filepath.IsAbs(parsed.Path) {
		return &Replica{Directory: filepath.Clean(parsed.Path)}
	}
	bucket, path := parseBucket(raw.ReplicaURL, raw)
	if bucket == nil || path == "" {
		v.secretProblem("REPLICA_URL", "file:///directory, or s3://bucket/path"+bucketAllowed)
		return nil
	}
	return &Replica{S3: bucket, Path: path}
}

// parseBucket parses s3://bucket/path?endpoint=https://host&region=name. The bucket is
// nil if the value is invalid or the AWS keys are missing. With an endpoint, the
// bucket is part of the URL's path unless path-style=false.
func parseBucket(value string, raw variables) (bucket *Bucket, path string) {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme != "s3" || parsed.Host == "" || parsed.User != nil || raw.AWSAccessKeyID == "" || raw.AWSSecretAccessKey == "" {
		return nil, ""
	}
	options := parsed.Query()
	region, endpoint := orDefault(options.Get("region"), "us-east-1"), options.Get("endpoint")
	if host, err := url.Parse(endpoint); endpoint != "" && (err != nil || host.Host == "") {
		return nil, ""
	}
	return &Bucket{
		Name: parsed.Host, Region: region,
		Endpoint:  orDefault(endpoint, "https://s3."+region+".amazonaws.com"),
		AccessKey: raw.AWSAccessKeyID, Secret: raw.AWSSecretAccessKey,
		ForcePathStyle: endpoint != "" && options.Get("path-style") != "false",
	}, strings.Trim(parsed.Path, "/")
}
