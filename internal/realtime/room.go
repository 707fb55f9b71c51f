// Package realtime knows who is connected and delivers the changes of records to
// them, off the path of those who write.
//
// PocketBase looks at every client for every write, before the write is answered.
// Here a write only puts its change into a queue. One goroutine, the dispatcher,
// takes the changes in their order, looks up the clients that each can concern,
// checks the rules, encodes the record once for each distinct view of it, and puts
// the messages into the queues of the clients. Where that takes the database or a view
// of somebody's own, it leaves it to a lane of that user's (see lanes), in order for
// each client. Other goroutines send the messages, one at a time for each client. The
// clients are in a broker of this package; PocketBase's own stays empty.
package realtime

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/pocketbase/pocketbase/tools/subscriptions"
)

// storeKey is the key of the room in the app's store.
const storeKey = "carebase.realtime"

// beforeCluster is a priority after the server's end and before that of what
// forwards messages to other processes.
const beforeCluster = -5000

// Room has the clients of one process.
type Room struct {
	app     core.App
	broker  *subscriptions.Broker
	index   *index
	queue   *queue
	ring    ring
	streams streams
	senders *senders
	readers readers
	lanes   *lanes
	// judging is the time that subscriptions may keep deletions waiting.
	judging allowance
	// boot names this start of the process in positions.
	boot string
	// dispatched is the number of the last change that all clients have in their
	// queues.
	dispatched atomic.Int64
	// concerning is how many changes since the last Pace may concern somebody. Only the
	// dispatcher uses it.
	concerning int
	verdicts   verdicts

	// connecting are what a connection passes before anybody's hooks.
	connecting []func(*core.RealtimeConnectRequestEvent) error
	// refresh reads what other processes know of the clients; nil without others.
	refresh func()
	// store tells other processes of clients that were signed out; nil without others.
	store func(ctx context.Context)
	// order is that of the changes of several processes; nil without others.
	order   Order
	serves  atomic.Bool
	stop    sync.Once
	stopped chan struct{}
	done    chan struct{}
}

// Bind makes a room for an app. Call it once, before anything asks for it with Of.
func Bind(app core.App) *Room {
	r := &Room{
		app: app, broker: subscriptions.NewBroker(), index: newIndex(), queue: newQueue(), senders: newSenders(), boot: security.RandomString(8),
		stopped: make(chan struct{}), done: make(chan struct{}),
	}
	r.ring.latest = &r.queue.latest
	r.lanes = newLanes(r.reportPanic)
	app.Store().Set(storeKey, r)
	r.bindSignIns()
	r.bindSubscriptions()
	r.bindChanges()
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Server.RegisterOnShutdown(r.streams.end)
		r.serves.Store(true)
		go r.dispatch()
		go r.tend()
		app.OnTerminate().Bind(&hook.Handler[*core.TerminateEvent]{Priority: beforeCluster, Func: func(e *core.TerminateEvent) error {
			r.end()
			return e.Next()
		}})
		return e.Next()
	})
	return r
}

// Of returns the room of an app, or of a request's or a transaction's.
func Of(app core.App) *Room {
	room, _ := app.Store().Get(storeKey).(*Room)
	return room
}

// Broker returns the clients, including those that other processes have told about.
func (r *Room) Broker() *subscriptions.Broker { return r.broker }

// Connected returns how many streams are open.
func (r *Room) Connected() int { return r.streams.count() }

// App returns an app whose broker is the room's.
func (r *Room) App(app core.App) core.App { return roomApp{app, r.broker} }

type roomApp struct {
	core.App
	broker *subscriptions.Broker
}

// SubscriptionsBroker implements core.App.
func (a roomApp) SubscriptionsBroker() *subscriptions.Broker { return a.broker }

// OnConnect adds a function that a new connection passes before it is accepted.
// Unlike a hook, it returns before the connection ends: see Client.OnEnd.
func (r *Room) OnConnect(pass func(*core.RealtimeConnectRequestEvent) error) {
	r.connecting = append(r.connecting, pass)
}

// OnDispatch sets what runs before changes are dispatched. Clients of other
// processes that it adds receive them.
func (r *Room) OnDispatch(refresh func()) { r.refresh = refresh }

// OnSignOut sets what runs when clients were signed out and before they are told.
func (r *Room) OnSignOut(store func(ctx context.Context)) { r.store = store }

// StoreSignOuts has other processes know which clients were signed out: each of them may
// be asked next.
func (r *Room) StoreSignOuts(ctx context.Context) {
	if r.store != nil {
		r.store(ctx)
	}
}

// endTimeout bounds how long the end waits for the dispatcher.
const endTimeout = 5 * time.Second

// end waits until what has been written is in the queues of the clients, some of
// which may be other processes'.
func (r *Room) end() {
	r.serves.Store(false)
	r.stop.Do(func() { close(r.stopped) })
	delivered := make(chan struct{})
	go func() {
		<-r.done
		r.lanes.jobs.Wait()
		close(delivered)
	}()
	timeout := time.NewTimer(endTimeout)
	defer timeout.Stop()
	select {
	case <-delivered:
	case <-timeout.C:
		r.app.Logger().Error("failed to dispatch all realtime messages before the end")
	}
	r.streams.end()
	r.senders.end()
}
