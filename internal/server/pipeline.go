package server

import (
	"fmt"
	"math"
	"slices"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/audit"
	"carebase/internal/backup"
	"carebase/internal/postgres/engine"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// middleware is an entry of the pipeline.
type middleware struct {
	// id is PocketBase's id for a middleware of PocketBase, or one that replaces it.
	id string
	// priority is its place: lower ones stand around higher ones. No two are equal.
	priority int
	// why says why it stands there.
	why string
	// run is the middleware; nil for PocketBase's own.
	run func(*core.RequestEvent) error
	// around, if not nil, gets PocketBase's own to call it or not.
	around func(e *core.RequestEvent, own func(*core.RequestEvent) error) error
	// documented stands in the place of run around the documented API.
	documented func(*core.RequestEvent) error
	// native leaves it out around the documented API, where nothing is for it to do:
	// it looks at endpoints of PocketBase's or at superusers, whose tokens the
	// documented API does not take.
	native bool
	// skip leaves it out where the configuration does not ask for it.
	skip bool
}

// pipeline returns everything that stands around a request, from the outside to
// the inside. Routes of PocketBase add their own, from 0 on.
func (s *server) pipeline() []middleware {
	return []middleware{
		{id: "monitoring", priority: -200_000, why: "measures and logs what every other middleware answers or refuses", run: s.Monitoring.Observe},
		{id: "clientAddress", priority: -100_000, why: "everything below asks who the client is", run: s.resolveClient},
		{id: apis.DefaultWWWRedirectMiddlewareId, priority: -99_999, why: "PocketBase's own: another host name ends here"},
		{id: apis.DefaultSecurityHeadersMiddlewareId, priority: -99_998, why: "around all that may refuse, so that refusals have the headers, too", run: setSecurityHeaders},
		{id: "readDeadline", priority: -99_997, why: "a body that has arrived needs no deadline; before anything reads one", run: liftReadDeadline},
		{id: "restErrorRenderer", priority: -99_996, why: "gives refusals of all below it the documented shape", documented: rest.RenderErrors},
		{id: "audit", priority: -90_000, why: "around all that refuses what is worth an event", run: audit.Follow},
		{id: "allowedHosts", priority: -1042, why: "a foreign host gets no CORS answer", run: s.checkHost, skip: len(s.config.AllowedHosts) == 0},
		{id: apis.DefaultCorsMiddlewareId, priority: -1041, why: "PocketBase's own, for preflights only: OPTIONS is the documented API's", around: answerPreflight},
		{id: apis.DefaultActivityLoggerMiddlewareId, priority: -1040, why: "stores PocketBase's request log, many rows at a time", run: s.Monitoring.StoreActivity},
		{id: "activityLogRedaction", priority: -1039, why: "inside the request log, which must not see query strings", run: s.Monitoring.Redact},
		{id: "databaseFailures", priority: -1038, why: "inside the logs, which tell failures from refusals", run: tellDatabaseFailures},
		{id: apis.DefaultPanicRecoverMiddlewareId, priority: -1030, why: "PocketBase's own: turns panics below it into errors"},
		{id: apis.DefaultLoadAuthTokenMiddlewareId, priority: -1020, why: "signs the caller in; an outage of the database is no guest", run: simplejwt.LoadNative, documented: simplejwt.LoadToken},
		{id: "bodies", priority: -1019, why: "knows who asks, and stands before all that reads a body", run: s.bodies.limit},
		{id: "strictCredentials", priority: -1018, native: true, why: "refuses a token that was not accepted above", run: requireValidToken},
		{id: "queryGuard", priority: -1017, native: true, why: "knows superusers, and refuses before anything is read", run: guardQueries},
		{id: "secretFilters", priority: -1016, native: true, why: "knows superusers, and refuses before anything is read", run: guardSecretFilters},
		{id: apis.DefaultSuperuserIPsWhitelistMiddlewareId, priority: -1015, native: true, why: "PocketBase's own: superusers' networks, for their tokens"},
		{id: "superuserEndpoints", priority: -1014, native: true, why: "refuses superusers what nobody has thought about, before it is recorded as done", run: confineToEndpoints},
		{id: "fileTokens", priority: -1011, native: true, why: "refuses downloads of former impersonators, before they are recorded as done", run: simplejwt.CheckFileToken},
		{id: "auditAdministration", priority: -1010, native: true, why: "records what superusers do before it happens", run: audit.Administration},
		{id: apis.DefaultRateLimitMiddlewareId, priority: -1000, why: "PocketBase's own: off unless an operator switches it on"},
		{id: "superuserNetworks", priority: -999, why: "closes sign-in before a password is looked at", run: s.confineSuperusers, skip: len(s.config.SuperuserNetworks) == 0},
		{id: apis.DefaultBodyLimitMiddlewareId, priority: -990, why: "PocketBase's own: bounds what everything below may read"},
		{id: "batchLimit", priority: -989, native: true, why: "the same for batches, whose route takes PocketBase's own away", run: limitBatch},
		{id: "bodyLimitOnce", priority: -988, native: true, why: "inside PocketBase's and batches' limits; before bodies are read", run: limitOnce},
		{id: "throttle", priority: -987, why: "knows who asks, and reads bodies that have a limit", run: s.throttled},
		{id: "registration", priority: -986, why: "before the body of a registration that will be refused is read", run: refuseRegistration, skip: !s.config.RegistrationClosed},
		{id: "deadline", priority: -985, why: "inside all that refuses without work; the audit trail outside goes on after it", run: s.limitWork},
		{id: "concurrency", priority: -984, why: "a caller's requests wait for each other within their deadlines; before anything works", run: s.concurrency.limit(simplejwt.CheckNative), documented: s.concurrency.limit(simplejwt.CheckToken)},
		{id: "backupArchives", priority: -60, native: true, why: "verifies an archive before PocketBase stores or restores it; superusers are known", run: backup.CheckArchives},
		{id: "losslessBodies", priority: -50, native: true, why: "needs the limit on bodies; before anything acts on one", run: requireLossless},
		{id: "sqlConsole", priority: -40, native: true, why: "records and restricts SQL before it runs; superusers are known", run: guardSQL},
		{id: "passwordWork", priority: -30, native: true, why: "waits for a processor last of all, so that nothing refused holds one", run: limitPasswordWork},
		{id: "djangoPasswords", priority: -25, native: true, why: "holds a place for hashing, and no transaction yet", run: proveDjangoPassword},
		{id: "sealedEvents", priority: -22, native: true, why: "lists audit events in PocketBase's place where some are sealed; inside all that refuses", run: audit.ServeSealed},
		{id: "postgresBackups", priority: -20, native: true, why: "tells superusers why there are no backups on PostgreSQL", run: engine.RefuseBackups, skip: s.Cluster == nil},
		{id: "clusterClients", priority: -10, native: true, why: "finds realtime clients of other processes, right before PocketBase looks", run: s.Cluster.FindClients, skip: s.Cluster == nil},
		{id: "realtime", priority: -7, native: true, why: "serves connections in PocketBase's place, once it is known that they may be; innermost but for writes", run: useRoom},
		{id: "recordBytes", priority: -6, native: true, why: "inside what serves lists of its own, which hold no page at once", run: boundBytes},
		{id: "writeTransaction", priority: -5, native: true, why: "innermost: nothing above it runs while the transaction is open", run: writeInTransaction},
		{id: "recordCreation", priority: math.MaxInt, native: true, why: "creates records in PocketBase's place, inside whatever scripts and routes have added", run: createRecord},
	}
}

// bindPipeline puts the pipeline in the place of what PocketBase has bound.
func (s *server) bindPipeline(root *router.Router[*core.RequestEvent]) error {
	for _, entry := range s.pipeline() {
		i := slices.IndexFunc(root.Middlewares, func(own *hook.Handler[*core.RequestEvent]) bool { return own.Id == entry.id })
		switch {
		case entry.skip:
		case entry.run != nil:
			root.Bind(entry.handler(entry.run))
		case entry.documented != nil, entry.id == apis.DefaultWWWRedirectMiddlewareId: // which only a domain has
		case i < 0:
			return fmt.Errorf("PocketBase has no middleware %s", entry.id)
		case root.Middlewares[i].Priority != entry.priority:
			return fmt.Errorf("PocketBase's middleware %s stands at %d, not at %d", entry.id, root.Middlewares[i].Priority, entry.priority)
		case entry.around != nil:
			own := root.Middlewares[i].Func
			root.Middlewares[i].Func = func(e *core.RequestEvent) error { return entry.around(e, own) }
		}
	}
	return nil
}

// surround puts what stands around the documented API around a group of its routes.
func (s *server) surround(group *router.RouterGroup[*core.RequestEvent]) {
	for _, entry := range s.pipeline() {
		if entry.native {
			group.Unbind(entry.id)
		}
		if entry.documented != nil {
			group.Bind(entry.handler(entry.documented))
		}
	}
}

func (m middleware) handler(run func(*core.RequestEvent) error) *hook.Handler[*core.RequestEvent] {
	return &hook.Handler[*core.RequestEvent]{Id: m.id, Priority: m.priority, Func: run}
}
