package doctor

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/tools/cron"

	"carebase/internal/audit"
	"carebase/internal/backup"
	"carebase/internal/postgres"
)

// defaultSender is PocketBase's, which no mail server accepts.
const defaultSender = "support@example.com"

// checkMail connects to the mail server, and sends nothing.
func checkMail(ctx context.Context, d *deployment) []Finding {
	settings := d.app.Settings()
	if !settings.SMTP.Enabled {
		return note("no mail server is set up, and nobody can reset a password", "set one up in the dashboard: Settings, Mail settings")
	}
	address := net.JoinHostPort(settings.SMTP.Host, strconv.Itoa(settings.SMTP.Port))
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return wrong("the mail server does not answer: "+err.Error(), "correct it in the dashboard: Settings, Mail settings")
	}
	_ = connection.Close()
	if settings.Meta.SenderAddress == defaultSender {
		return wrong("the sender is "+defaultSender, "correct it in the dashboard: Settings, Mail settings")
	}
	return ok("%s answers; the sender is %s", address, settings.Meta.SenderAddress)
}

const (
	// backupTime is how long a scheduled backup may take.
	backupTime = time.Hour
	// maxPeriod is how far back a schedule is followed.
	maxPeriod = 62 * 24 * time.Hour
)

// checkBackups compares the newest backup with the schedule.
func checkBackups(ctx context.Context, d *deployment) []Finding {
	if d.settings.PostgreSQL != nil {
		return note("PostgreSQL's own are not checked", "see docs/postgresql.md")
	}
	schedule := d.settings.Backup.Cron
	if schedule == "" {
		schedule = d.app.Settings().Backups.Cron
	}
	newest, err := newestBackup(ctx, d)
	switch {
	case isLocal(err):
		return wrong("they cannot be read: "+err.Error(), "run this as the server's user, and look at that directory")
	case err != nil:
		return wrong("they cannot be listed: "+err.Error(), "check BACKUP_URL and the keys of the bucket")
	case schedule == "" && newest.IsZero() && d.settings.Backup.Replica != nil:
		return note("there is none and no schedule: what the replica does not keep any longer cannot be restored", "set BACKUP_CRON")
	case schedule == "" && newest.IsZero():
		return wrong("there is none and no schedule", "set BACKUP_CRON, or REPLICA_URL, or both")
	case newest.IsZero():
		return wrong("there is none yet", "carebase backup create")
	case schedule == "":
		return note("the newest is of "+newest.Format(time.RFC3339)+", without a schedule", "set BACKUP_CRON")
	}
	if due := lastDue(schedule, time.Now().Add(-backupTime)); newest.Before(due) {
		return wrong(fmt.Sprintf("the newest is of %s, though one was due at %s", newest.Format(time.RFC3339), due.Format(time.RFC3339)), "look for \"backup\" in the server's log")
	}
	return ok("the newest is of %s; the schedule is %s", newest.Format(time.RFC3339), schedule)
}

// newestBackup returns when the newest backup was made; zero if there is none.
func newestBackup(ctx context.Context, d *deployment) (time.Time, error) {
	if d.settings.Backup.S3 == nil && !d.app.Settings().Backups.S3.Enabled {
		// Listing creates the directory, and shows one that cannot be read as empty.
		if _, err := os.ReadDir(d.backupsDirectory()); errors.Is(err, fs.ErrNotExist) {
			return time.Time{}, nil
		} else if err != nil {
			return time.Time{}, err
		}
	}
	entries, err := backup.List(ctx, d.app, d.settings.Backup)
	if err != nil || len(entries) == 0 {
		return time.Time{}, err
	}
	return entries[0].CreatedAt.UTC(), nil
}

// isLocal reports whether an error is one of this machine's directories.
func isLocal(err error) bool {
	var failure *fs.PathError
	return errors.As(err, &failure)
}

// lastDue returns when a schedule was due last before a time; zero if it was not for
// a long time, or is invalid.
func lastDue(expression string, before time.Time) time.Time {
	schedule, err := cron.NewSchedule(expression)
	if err != nil {
		return time.Time{}
	}
	minute := before.UTC().Truncate(time.Minute)
	for oldest := minute.Add(-maxPeriod); minute.After(oldest); minute = minute.Add(-time.Minute) {
		if schedule.IsDue(cron.NewMoment(minute)) {
			return minute
		}
	}
	return time.Time{}
}

// maxReplicaLag is how far a replica may be behind.
const maxReplicaLag = time.Minute

// checkReplica reads the lag from the server's metrics: only the server knows it.
func checkReplica(ctx context.Context, d *deployment) []Finding {
	switch {
	case d.settings.PostgreSQL != nil && d.settings.PostgreSQL.ReplicaURL != "":
		return checkReadReplica(ctx, d)
	case d.settings.PostgreSQL != nil:
		return note("PostgreSQL's own are not checked", "see docs/postgresql.md")
	case d.settings.Backup.Replica == nil:
		return note("there is none, and a lost machine loses all work since the last backup", "set REPLICA_URL")
	}
	if err := backup.ReadReplica(ctx, d.settings.Backup.Replica); err != nil {
		return wrong("nothing is replicated to REPLICA_URL: "+err.Error(), "mount its disk, or check the bucket and its keys; the server says \"replica\" in its log")
	}
	if d.settings.MetricsAddr == "" {
		return note("its lag is not known here", "set METRICS_ADDR; /readyz says whether it follows")
	}
	lag, err := replicaLag(ctx, d.settings.MetricsAddr)
	switch {
	case err != nil:
		return note("its lag is not known: "+err.Error(), "start the server")
	case lag > maxReplicaLag:
		return wrong(fmt.Sprintf("it is %v behind", lag.Round(time.Second)), "look for \"replica\" in the server's log")
	}
	return ok("it is %v behind", lag.Round(time.Millisecond))
}

// checkReadReplica compares PostgreSQL's replica with the primary, as reads do.
func checkReadReplica(ctx context.Context, d *deployment) []Finding {
	database, err := postgres.New(postgres.Settings(*d.settings.PostgreSQL))
	if err != nil {
		return wrong(err.Error(), "see docs/postgresql.md")
	}
	err = database.Replica().Check(ctx)
	if err = errors.Join(err, database.Replica().Close()); err != nil {
		return wrong("reads cannot use PG_REPLICA_URL: "+err.Error(), "until it is mended they use the primary")
	}
	return ok("reads can use %s, which follows the primary", database.Replica())
}

// replicaLag reads carebase_replica_lag_seconds at the address of the metrics.
func replicaLag(ctx context.Context, address string) (time.Duration, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(io.LimitReader(response.Body, 16*maxAnswer))
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), "carebase_replica_lag_seconds "); found {
			seconds, err := strconv.ParseFloat(value, 64)
			return time.Duration(seconds * float64(time.Second)), err
		}
	}
	return 0, fmt.Errorf("%s has no such metric", address)
}

// headsFactor is how many intervals may pass without heads being written.
const headsFactor = 3

// checkTrail looks whether the archive answers, whether the heads leave the database, and
// whether those that did are still in it.
func checkTrail(ctx context.Context, d *deployment) []Finding {
	err := audit.CheckArchive(ctx, d.app)
	for _, directory := range d.settings.AuditArchive.Directories() {
		_, missing := os.Stat(directory)
		err = cmp.Or(missing, err)
	}
	if err != nil {
		return wrong("the archive cannot be used: "+err.Error(), "check AUDIT_ARCHIVE_URL, and see docs/operations.md#the-archive")
	}
	heads := d.settings.AuditHeads
	switch {
	case heads.Interval == 0:
		return wrong("AUDIT_HEADS_INTERVAL is off", "unset it: nothing else shows a rewritten trail")
	case heads.Place == nil:
		return note("heads go to the log only", "set AUDIT_HEADS_URL, or keep the log elsewhere")
	}
	noted, err := audit.ReadHeads(ctx, heads.Place)
	if errors.Is(err, fs.ErrNotExist) && heads.Place.S3 == nil {
		_, err = os.Stat(filepath.Dir(heads.Place.File))
	}
	if err != nil {
		return wrong("the heads at AUDIT_HEADS_URL cannot be read: "+err.Error(), "make the directory, or check its permissions")
	}
	var newest time.Time
	for _, head := range noted {
		if head.NotedAt.After(newest) {
			newest = head.NotedAt
		}
	}
	if newest.IsZero() {
		return note("no heads are at AUDIT_HEADS_URL yet", "start the server")
	}
	_, err = audit.VerifyRetention(ctx, d.app, noted, d.settings.AuditRetention)
	switch {
	case audit.IsViolation(err):
		return wrong(err.Error(), "keep the database as it is, and see docs/security.md#audit")
	case ctx.Err() != nil:
		return note("it is too long to be verified here", "carebase audit verify --heads PLACE")
	case err != nil:
		return wrong("it cannot be verified: "+err.Error(), "look at the server's log")
	case time.Since(newest) > headsFactor*heads.Interval:
		return note("the newest heads are of "+newest.UTC().Format(time.RFC3339), "if the server runs, look for \"heads\" in its log")
	}
	return ok("it is intact, and has the heads of %s", newest.UTC().Format(time.RFC3339))
}
