// Package cluster lets several processes serve one PostgreSQL database as if
// they were one: each sees the collections and settings that another changes,
// realtime clients receive what is written through any of them, and cron jobs
// run once.
//
// Realtime clients are stored, and every process has a stand-in in its broker
// for each client whose connection another process has. So PocketBase checks the
// rules in the process that writes, and what a stand-in is sent is stored and
// delivered by the process with the connection. Before anything is broadcast,
// the process reads what has changed in the stored clients: a subscription that
// was acknowledged anywhere is known everywhere, and so is a revoked sign-in.
// LISTEN and NOTIFY say when there is something to read; what counts is in the
// tables of the schema "cluster", so a lost connection loses nothing.
package cluster

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/cron"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/postgres"
)

// startTimeout includes waiting for another process that migrates.
const startTimeout = 2 * time.Minute

// Cluster is this process among the others on its database.
type Cluster struct {
	app      core.App
	database *postgres.Database
	// process is this process's name, which no other has.
	process string
	// sessionKey is where clients have their sessions; see Bind.
	sessionKey string
	session    session

	// stopped is closed when the process stops serving; nil until it serves.
	stopped chan struct{}
	running atomic.Bool
	stop    context.CancelFunc
	work    sync.WaitGroup

	// pulling guards the following: see pull.
	pulling   sync.Mutex
	arrivals  atomic.Int64
	covered   int64
	pullError error
	seen      int64
	pulled    time.Time
	pulledOn  int

	changesMutex sync.Mutex
	changes      map[string]*client
	// mustTidy says that something about clients here could not be stored.
	mustTidy atomic.Bool

	outbox chan outgoing
	// delivered are messages that are still to be removed. The listener has it
	// for itself.
	delivered []int64

	jobsMutex sync.Mutex
	jobs      map[string]*cron.Job
}

// Bind makes the app one of several on the database from when it serves until
// it terminates. It takes three connections of its own. Where realtime clients
// have a text under sessionKey, which session of theirs it is that subscribes,
// all processes know it. The middleware FindClients of what it returns stands
// around every request.
func Bind(app core.App, database *postgres.Database, sessionKey string) *Cluster {
	c := newCluster(app, database)
	c.sessionKey = sessionKey
	c.bindRealtime()
	app.OnBootstrap().Bind(&hook.Handler[*core.BootstrapEvent]{Func: c.bootstrapAlone, Priority: first})
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := c.start(); err != nil {
			return err
		}
		return e.Next()
	})
	app.OnSettingsReload().BindFunc(func(e *core.SettingsReloadEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		if c.isRunning() {
			c.wrapJobs()
		}
		return nil
	})
	app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Func: func(e *core.TerminateEvent) error {
		return errors.Join(c.end(), e.Next())
	}})
	return c
}

func newCluster(app core.App, database *postgres.Database) *Cluster {
	return &Cluster{
		app: app, database: database, process: database.Name(), session: session{open: database.Open},
		changes: map[string]*client{}, outbox: make(chan outgoing, outboxSize), delivered: []int64{}, jobs: map[string]*cron.Job{},
	}
}

func (c *Cluster) isRunning() bool { return c.running.Load() }

// start joins the others. It returns when what they tell is heard.
func (c *Cluster) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := c.session.use(ctx, func(connection *pgx.Conn) error { return install(ctx, connection) }); err != nil {
		return err
	}
	if err := c.join(ctx); err != nil {
		return err
	}
	var running context.Context
	running, c.stop = context.WithCancel(context.Background())
	c.stopped = make(chan struct{})
	ready := make(chan error, 1)
	c.work.Go(func() { c.listen(running, ready) })
	c.work.Go(func() { c.send(running) })
	if err := <-ready; err != nil {
		return errors.Join(err, c.end())
	}
	c.wrapJobs()
	c.running.Store(true)
	c.work.Go(func() { c.live(running) })
	return nil
}

// end leaves the others.
func (c *Cluster) end() error {
	if c.stop == nil {
		return nil
	}
	c.running.Store(false)
	c.stop()
	c.stop = nil
	close(c.stopped)
	c.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	return errors.Join(c.leave(ctx), c.session.close(ctx))
}

// closeQuietly closes a session whose end nobody waits for.
func (c *Cluster) closeQuietly(session *session) {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	if err := session.close(ctx); err != nil {
		c.app.Logger().Debug("A connection ended badly", "error", err)
	}
}
