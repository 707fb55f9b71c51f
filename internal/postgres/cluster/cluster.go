// Package cluster lets several processes serve one PostgreSQL database as one
// server: each process sees changes of collections and settings made by
// another, realtime clients receive what is written through any process, and
// cron jobs run once.
//
// Realtime clients are stored, and the broker of each process holds a stand-in
// for every client that is connected to another process. So the rules are
// checked in the process that writes. A message to a stand-in is stored, and
// the process with the connection delivers it. Before changes are dispatched, the
// process reads the changes of the stored clients: a subscription acknowledged
// by one process, or a revoked sign-in, is known to all. NOTIFY only announces
// that there is something to read in the tables of the schema "cluster", so a
// lost connection loses nothing.
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
	"carebase/internal/realtime"
)

// Cluster is this process's membership.
type Cluster struct {
	app      core.App
	database *postgres.Database
	// room is nil in tests only.
	room *realtime.Room
	// process is the unique name of this process.
	process string
	session session

	// stopped is closed when the process stops serving; nil before it serves.
	stopped chan struct{}
	running atomic.Bool
	stop    context.CancelFunc
	work    sync.WaitGroup

	// pulling guards the fields up to pulledOn; see pull.
	pulling   sync.Mutex
	arrivals  atomic.Int64
	covered   int64
	pullError error
	seen      int64
	pulled    time.Time
	pulledOn  int

	changesMutex sync.Mutex
	changes      map[string]*client
	// mustTidy is set if the end of a local client could not be stored.
	mustTidy atomic.Bool

	// followed is what the process does when another one calls Announce.
	followed func(context.Context) error

	// toldOfSchema is when the process was last told of changed collections.
	toldOfSchema atomic.Pointer[time.Time]

	// order is that of the changes of all processes. hasOthers is whether there are
	// others, and heardOf counts how often this one heard of one.
	order     order
	hasOthers atomic.Bool
	heardOf   atomic.Int64

	outbox chan outgoing
	// hasLost is set if messages to clients of other processes were lost; see tellLost.
	hasLost atomic.Bool
	// delivered are messages that are delivered and not yet deleted. Only the
	// listener uses it.
	delivered []int64

	jobsMutex sync.Mutex
	jobs      map[string]*cron.Job
}

// Bind makes the app a member of the cluster from the time it serves until it
// terminates. That takes three connections in addition to the pools, and four with
// others. The middleware FindClients of what it returns belongs around every request.
func Bind(room *realtime.Room, app core.App, database *postgres.Database) *Cluster {
	c := newCluster(room.App(app), database)
	c.room = room
	c.bindRealtime()
	database.OnUnknownSchema(c.isSchemaChanging)
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
	c := &Cluster{
		app: app, database: database, process: database.Name(), session: session{open: database.Open, isRetired: database.IsRetired},
		changes: map[string]*client{}, outbox: make(chan outgoing, outboxSize), delivered: []int64{}, jobs: map[string]*cron.Job{},
	}
	c.order.connection = session{open: c.openForPlaces, isRetired: database.IsRetired}
	return c
}

func (c *Cluster) isRunning() bool { return c.running.Load() }

// start joins the cluster. It returns once the process listens for
// notifications.
func (c *Cluster) start() error {
	ctx, cancel := context.WithTimeout(context.Background(), postgres.StartTimeout)
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
	if err := c.lookForOthers(ctx); err != nil {
		return errors.Join(err, c.end())
	}
	c.wrapJobs()
	c.running.Store(true)
	if c.hasOthers.Load() {
		// They put what they write in order with what this process writes.
		if err := c.Announce(ctx); err != nil {
			return errors.Join(err, c.end())
		}
	}
	c.work.Go(func() { c.runHeartbeat(running) })
	return nil
}

// end leaves the cluster.
func (c *Cluster) end() error {
	if c.stop == nil {
		return nil
	}
	c.running.Store(false)
	c.flush()
	c.stop()
	c.stop = nil
	close(c.stopped)
	c.work.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	return errors.Join(c.leave(ctx), c.session.close(ctx), c.order.connection.close(ctx))
}

// closeSession closes a session and logs a failure.
func (c *Cluster) closeSession(session *session) {
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()
	if err := session.close(ctx); err != nil {
		c.app.Logger().Debug("failed to close connection", "error", err)
	}
}
