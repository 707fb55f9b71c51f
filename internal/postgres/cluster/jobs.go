package cluster

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/pocketbase/tools/cron"
)

// localJobs clean up the memory of their process, so they run in each.
var localJobs = map[string]bool{"__pbRateLimitersCleanup__": true}

// wrapJobs makes each scheduled cron job run in one process only. It is called
// repeatedly: jobs can be added at any time, and PocketBase replaces its backup
// job when the settings change.
func (c *Cluster) wrapJobs() {
	c.jobsMutex.Lock()
	defer c.jobsMutex.Unlock()
	for _, job := range c.app.Cron().Jobs() {
		id := job.Id()
		if localJobs[id] || c.jobs[id] == job {
			continue
		}
		schedule, err := cron.NewSchedule(job.Expression())
		if err == nil {
			shared := &sharedJob{cluster: c, id: id, schedule: schedule, run: job.Run}
			err = c.app.Cron().Add(id, job.Expression(), shared.start)
		}
		if err != nil {
			c.app.Logger().Error("failed to share a cron job between processes", "job", id, "error", err)
			continue
		}
		for _, added := range c.app.Cron().Jobs() {
			if added.Id() == id {
				c.jobs[id] = added
			}
		}
	}
}

// sharedJob is a cron job that all processes have.
type sharedJob struct {
	cluster  *Cluster
	id       string
	schedule *cron.Schedule
	run      func()
	// ticked is the last minute that the job was due in. jobsMutex guards it.
	ticked time.Time
}

// start runs the job if this process is the first to claim it for this minute.
// A manual start always runs: one outside of the schedule, or a second one
// within the minute in this process.
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
			j.cluster.app.Logger().Error("failed to claim a cron job, skipped this run", "job", j.id, "error", err)
			return
		}
		if !mine {
			return
		}
	}
	j.run()
}

// claim reports whether this process runs a job in a minute.
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
