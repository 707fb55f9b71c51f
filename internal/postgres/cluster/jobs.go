package cluster

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/pocketbase/tools/cron"
)

// ownJobs tidy up the memory of their process and run in each.
var ownJobs = map[string]bool{"__pbRateLimitersCleanup__": true}

// wrapJobs makes the cron jobs run in one process at a time that is due. Jobs
// can come at any time, and PocketBase replaces its backup job with its
// settings, so it is called again and again.
func (c *Cluster) wrapJobs() {
	c.jobsMutex.Lock()
	defer c.jobsMutex.Unlock()
	for _, job := range c.app.Cron().Jobs() {
		id := job.Id()
		if ownJobs[id] || c.jobs[id] == job {
			continue
		}
		schedule, err := cron.NewSchedule(job.Expression())
		if err == nil {
			run := &sharedJob{cluster: c, id: id, schedule: schedule, run: job.Run}
			err = c.app.Cron().Add(id, job.Expression(), run.start)
		}
		if err != nil {
			c.app.Logger().Error("A cron job cannot be shared between processes", "job", id, "error", err)
			continue
		}
		for _, added := range c.app.Cron().Jobs() {
			if added.Id() == id {
				c.jobs[id] = added
			}
		}
	}
}

// sharedJob is a job that several processes have.
type sharedJob struct {
	cluster  *Cluster
	id       string
	schedule *cron.Schedule
	run      func()
	// ticked is the last due minute, guarded by the cluster's mutex of jobs.
	ticked time.Time
}

// start runs the job if this process is the first one to come in this minute. A
// start by hand, which is one outside of the schedule or a second one in this
// process, always runs.
func (j *sharedJob) start() {
	minute := time.Now().UTC().Truncate(time.Minute)
	j.cluster.jobsMutex.Lock()
	scheduled := j.schedule.IsDue(cron.NewMoment(minute)) && !j.ticked.Equal(minute)
	if scheduled {
		j.ticked = minute
	}
	j.cluster.jobsMutex.Unlock()
	if scheduled {
		mine, err := j.cluster.claim(j.id, minute)
		if err != nil {
			j.cluster.app.Logger().Error("A cron job does not run: it is not known whether another process runs it", "job", j.id, "error", err)
			return
		}
		if !mine {
			return
		}
	}
	j.run()
}

// claim reports whether this process is to run a job in a minute.
func (c *Cluster) claim(job string, minute time.Time) (bool, error) {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	mine := false
	err := c.session.use(ctx, func(connection *pgx.Conn) error {
		tag, err := connection.Exec(ctx, `INSERT INTO cluster.runs AS last (job, process, minute) VALUES ($1, $2, $3)
			ON CONFLICT (job) DO UPDATE SET process = EXCLUDED.process, minute = EXCLUDED.minute
			WHERE last.minute < EXCLUDED.minute OR last.minute = EXCLUDED.minute AND last.process = EXCLUDED.process`,
			job, c.process, minute)
		mine = tag.RowsAffected() == 1
		return err
	})
	return mine, err
}
