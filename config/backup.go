package config

import (
	"net/url"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/cron"
)

// Backup says when backups are made and where they go.
type Backup struct {
	// Cron is the schedule; empty for the dashboard's.
	Cron string
	// Keep is how many scheduled backups stay.
	Keep int
	// S3 is where backups go; nil for where the dashboard says.
	S3 *core.S3Config
}

const (
	defaultBackupKeep = 7
	maxBackupKeep     = 10000
)

func (v *validator) backup(raw variables, onPostgreSQL bool) Backup {
	for name, value := range map[string]string{"BACKUP_CRON": raw.BackupCron, "BACKUP_URL": raw.BackupURL} {
		if onPostgreSQL && value != "" {
			v.secretProblem(name, "unset with PostgreSQL, which is backed up with its own tools (docs/postgresql.md)")
		}
	}
	backup := Backup{
		Cron: raw.BackupCron,
		Keep: v.number("BACKUP_KEEP", raw.BackupKeep, defaultBackupKeep, 1, maxBackupKeep),
		S3:   v.s3("BACKUP_URL", raw),
	}
	if _, err := cron.NewSchedule(raw.BackupCron); raw.BackupCron != "" && err != nil {
		v.problem("BACKUP_CRON", raw.BackupCron, "five fields (minute, hour, day, month, weekday) such as 0 3 * * *, or @daily")
	}
	return backup
}

// s3 reads s3://bucket?endpoint=https://host&region=name&path-style=true.
func (v *validator) s3(name string, raw variables) *core.S3Config {
	if raw.BackupURL == "" {
		return nil
	}
	const allowed = "s3://bucket, with ?endpoint=https://host, &region=name and &path-style=true where they are needed, and AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set"
	parsed, err := url.Parse(raw.BackupURL)
	if err != nil || parsed.Scheme != "s3" || parsed.Host == "" || (parsed.Path != "" && parsed.Path != "/") || parsed.User != nil || raw.AWSAccessKeyID == "" || raw.AWSSecretAccessKey == "" {
		v.secretProblem(name, allowed)
		return nil
	}
	options := parsed.Query()
	region := orDefault(options.Get("region"), "us-east-1")
	return &core.S3Config{
		Enabled: true, Bucket: parsed.Host, Region: region,
		Endpoint:  orDefault(options.Get("endpoint"), "https://s3."+region+".amazonaws.com"),
		AccessKey: raw.AWSAccessKeyID, Secret: raw.AWSSecretAccessKey,
		ForcePathStyle: options.Get("path-style") == "true",
	}
}
