// Package audit keeps the audit trail: who saw or changed which health data,
// when, from where and through which door. Changes are recorded in the
// transaction of the change, reads through a queue that makes callers wait rather
// than drop an event. Events form hash chains, so that altered, missing or
// reordered events are detected.
//
// Bind records everything that PocketBase has a hook for. Code without a hook
// calls Record.
package audit

import (
	"cmp"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
	"carebase/internal/recent"
)

// Action says what was done: a code of FHIR's AuditEvent.action.
type Action string

// The actions.
const (
	Create  Action = "C"
	Read    Action = "R"
	Update  Action = "U"
	Delete  Action = "D"
	Execute Action = "E" // signing in, exporting, running a statement or a command
)

// Outcome says how the action ended.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Denied  Outcome = "denied" // the caller lacks permission
	Failed  Outcome = "failed"
)

// Door is the interface that the caller used.
type Door string

// The doors.
const (
	REST      Door = "rest"      // the documented API
	Native    Door = "native"    // PocketBase's own API
	Batch     Door = "batch"     // several requests of the record API in one
	Realtime  Door = "realtime"  // subscriptions
	Dashboard Door = "dashboard" // any request of a superuser
	SQL       Door = "sql"       // the dashboard's SQL console
	Command   Door = "command"   // the command line and the server itself
	Hook      Door = "hook"      // a script, on its own account
)

// AgentType is the kind of agent that acted.
type AgentType string

// The types of agents. Unauthenticated callers have none.
const (
	User      AgentType = "user"
	Superuser AgentType = "superuser"
	Operator  AgentType = "operator" // runs commands; identified by the operating system's user name
)

// Event describes what happened. Agent, time, address and door are taken from the
// request. No field may hold a value of a health record.
type Event struct {
	Action Action
	// Outcome defaults to Success.
	Outcome Outcome
	// Collection and Records name what was accessed; Records are ids.
	Collection string
	Records    []string
	// Patients are the ids of the patients in whose histories the event appears.
	// Nil means Records if Collection is patients, and none otherwise.
	Patients []string
	// Fields are the names of the changed fields.
	Fields []string
	// Detail adds a short description. What is longer in an event of a request is cut.
	Detail string
	// Statement is SQL that a superuser runs. It is the detail, and is not cut.
	Statement string
	// Checkpoints are those that pruning has moved.
	Checkpoints []Checkpoint
	// viewed are the ids in the records of a view, of which some may be patients'.
	viewed viewedIDs
	// Agent overrides the request's agent, for example at a login.
	Agent Agent
	// byHook says that a script did it, on its own account.
	byHook bool
}

// Agent identifies who acted.
type Agent struct {
	ID   string
	Type AgentType
	// Token is the id (claim jti) of the token that authenticated the agent.
	Token string
	// Impersonator is the id of the superuser who was issued the token to act as the
	// agent; empty if nobody was.
	Impersonator string
}

// AgentOf returns the agent for an auth record, the zero Agent for nil.
func AgentOf(record *core.Record) Agent {
	switch {
	case record == nil:
		return Agent{}
	case record.IsSuperuser():
		return Agent{ID: record.Id, Type: Superuser}
	}
	return Agent{ID: record.Id, Type: User}
}

// Trail is an app's audit trail.
type Trail struct {
	app       core.App
	reads     config.AuditReads
	retention time.Duration
	archive   *config.AuditArchive // nil for none
	onSQLite  bool                 // which engine stores the trail
	// sealsAtOnce is whether events that come in numbers are sealed at once.
	sealsAtOnce  bool
	room         room
	queue        *queue
	heads        *headsLog
	chains       chains
	sets         *recent.Cache[struct{}]
	transactions transactions
	exists       atomic.Bool // caches that the tables exist
	lastDelivery atomic.Pointer[delivery]
}

// storeKey is the key of the trail in the app's store.
const storeKey = "carebase.audit"

// Of returns the app's trail, nil if Bind was not called. A nil *Trail is valid
// and records nothing.
func Of(app core.App) *Trail {
	trail, _ := app.Store().Get(storeKey).(*Trail)
	return trail
}

// Timeouts bound how long the trail waits for the database.
type Timeouts struct {
	// Request is how long a request waits until its event is queued or stored.
	Request time.Duration
	// Shutdown is how long the process waits for queued events to be stored
	// before it ends.
	Shutdown time.Duration
}

// DefaultTimeouts apply where Options has none.
var DefaultTimeouts = Timeouts{Request: 10 * time.Second, Shutdown: 15 * time.Second}

// Options are the settings of a trail that the configuration does not have.
type Options struct {
	// Timeouts defaults to DefaultTimeouts.
	Timeouts Timeouts
	// Log receives the heads of the chains as lines of JSON; os.Stderr if nil.
	Log io.Writer
}

// Bind makes an app record everything. Call it once, before the app starts.
func Bind(app core.App, settings *config.Config, options Options) {
	trail := &Trail{
		app: app, reads: settings.AuditReads, retention: settings.AuditRetention, archive: settings.AuditArchive,
		sets: recent.NewCache[struct{}](setsRemembered), onSQLite: settings.PostgreSQL == nil,
		room: room{most: mostListed},
	}
	trail.sealsAtOnce = trail.onSQLite && settings.AuditSealAfter > 0 && settings.AuditSealAfter <= sealedAtOnceUpTo
	if options.Timeouts == (Timeouts{}) {
		options.Timeouts = DefaultTimeouts
	}
	trail.queue = newQueue(trail.storeAll, options.Timeouts)
	trail.heads = &headsLog{
		app: app, log: slog.New(slog.NewJSONHandler(cmp.Or[io.Writer](options.Log, os.Stderr), nil)),
		settings: settings.AuditHeads, timeout: options.Timeouts.Shutdown,
	}
	app.Store().Set(storeKey, trail)
	trail.bindChanges()
	trail.bindReads()
	trail.bindBatches()
	trail.bindRealtime()
	trail.bindLogins()
	trail.bindAdministration()
	trail.bindRetention()
	trail.bindSealing(settings.AuditSealAfter)
	trail.bindIndexing()
	trail.bindQueue()
	trail.bindHeads()
	trail.bindEnd()
}
