// Package audit is the audit trail: who saw or changed which health data, when,
// from where and through which door. Changes are recorded in their own
// transaction, reads by a queue that makes callers wait rather than lose an
// event. Every event is a link of a chain of hashes, so that an altered, missing
// or reordered one shows.
//
// Everything that is recorded by a hook of PocketBase is bound here. What has no
// hook calls Record.
package audit

import (
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

// Action is what was done, in FHIR's vocabulary of AuditEvent.action.
type Action string

// The actions.
const (
	Create  Action = "C"
	Read    Action = "R"
	Update  Action = "U"
	Delete  Action = "D"
	Execute Action = "E" // signing in, exporting, running a statement or a command
)

// Outcome is how it ended.
type Outcome string

// The outcomes.
const (
	Success Outcome = "success"
	Denied  Outcome = "denied" // the caller may not
	Failed  Outcome = "failed"
)

// Door is the way that the caller came.
type Door string

// The doors.
const (
	REST      Door = "rest"      // the documented API
	Native    Door = "native"    // PocketBase's own API
	Batch     Door = "batch"     // several requests of the record API in one
	Realtime  Door = "realtime"  // subscriptions
	Dashboard Door = "dashboard" // a superuser, by whatever program
	SQL       Door = "sql"       // the dashboard's SQL console
	Command   Door = "command"   // the command line and the server itself
)

// AgentType is what kind of agent acted.
type AgentType string

// The types of agents; a caller who is not known has none.
const (
	User      AgentType = "user"
	Superuser AgentType = "superuser"
	Operator  AgentType = "operator" // whoever runs commands; the agent is the name in the operating system
)

// Event is what happened. Who did it, when, from where and through which door
// follow from the request. Nothing in it may be a value of a health record.
type Event struct {
	Action Action
	// Outcome is Success if it is empty.
	Outcome Outcome
	// Collection and Records are what was accessed: the records' ids.
	Collection string
	Records    []string
	// Patients are the patients that it is about, for whose histories it is:
	// by default the records, if the collection is that of patients.
	Patients []string
	// Fields are the names of what changed.
	Fields []string
	// Detail says in a few words what was done, where the rest does not.
	Detail string
	// Agent is who did it, where the request does not tell: at a login.
	Agent Agent
}

// Agent is who acts.
type Agent struct {
	ID   string
	Type AgentType
	// Token is the id of the token (the claim jti) that they act with.
	Token string
}

// AgentOf is the agent that an auth record stands for; none for nil.
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
	app          core.App
	reads        config.AuditReads
	retention    time.Duration
	rowsAtOnce   int // that one statement inserts
	queue        *queue
	chains       chains
	sets         *recentSets
	transactions transactions
	exists       atomic.Bool // whether there are tables, once they were seen
}

// storeKey is where an app keeps its trail.
const storeKey = "carebase.audit"

// Of returns the trail of an app, as Bind made it. Record and the others do
// nothing on nil, which is the trail of an app without one.
func Of(app core.App) *Trail {
	trail, _ := app.Store().Get(storeKey).(*Trail)
	return trail
}

// Bind makes an app record everything. It is called once, before the app starts.
func Bind(app core.App, config *config.Config) {
	trail := &Trail{app: app, reads: config.AuditReads, retention: config.AuditRetention, sets: newRecentSets(), rowsAtOnce: rowsAtOnceSQLite}
	if config.PostgreSQL != nil {
		trail.rowsAtOnce = rowsAtOncePostgreSQL
	}
	trail.queue = newQueue(trail.storeAll)
	app.Store().Set(storeKey, trail)
	trail.bindChanges()
	trail.bindReads()
	trail.bindBatches()
	trail.bindRealtime()
	trail.bindLogins()
	trail.bindAdministration()
	trail.bindRetention()
	trail.bindQueue()
}
