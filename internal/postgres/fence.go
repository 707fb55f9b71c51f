package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A fence keeps connections away from a primary in whose place a standby was
// promoted: it still accepts writes when it comes back, and nobody else would ever
// see them. Promotion starts a new timeline of the same database system, so the
// highest timeline that was seen tells who is the primary. It is known to the process,
// and to the servers: each has the timelines that clients have seen there, and one
// that is found to be outdated is told so, for processes that start later.
type fence struct {
	mutex sync.Mutex
	// system is the identifier of the database system that this process uses; empty
	// until it has connected.
	system string
	// newest is the highest timeline seen of each system.
	newest map[string]int64
	// used is newest of the system.
	used atomic.Int64
	// surveyed is when all hosts were last asked, and surveying is held by who asks.
	surveyed  time.Time
	surveying sync.Mutex
	// warned is set once a server has refused to say who it is.
	warned atomic.Bool
}

const (
	// surveyInterval is how often the hosts are asked at most.
	surveyInterval = time.Second
	// surveyTimeout bounds the wait for hosts that do not answer.
	surveyTimeout = 2 * time.Second
	// timelineKey is where a connection holds its timeline.
	timelineKey = "timeline"
)

// selectStanding asks a server for its system, its timeline (in hexadecimal), whether
// it is a standby, and whether it has the table of timelines. A standby may be about
// to be told of a newer timeline.
const selectStanding = `SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()),
	CASE WHEN pg_catalog.pg_is_in_recovery() THEN (SELECT pg_catalog.to_hex(timeline_id) FROM pg_catalog.pg_control_checkpoint())
		ELSE pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8) END,
	pg_catalog.pg_is_in_recovery(), pg_catalog.to_regclass('cluster.timelines') IS NOT NULL`

// standing is what a server is.
type standing struct {
	system    string
	timeline  int64
	isStandby bool
	hasTable  bool
}

// ask returns a server's standing, and the newest timeline of its system that clients
// have seen, as far as that server knows.
func ask(ctx context.Context, connection *pgconn.PgConn) (standing, int64, error) {
	rows, err := readAll(ctx, connection, selectStanding)
	if err != nil {
		return standing{}, 0, err
	}
	found := standing{system: rows[0][0], isStandby: rows[0][2] == "t", hasTable: rows[0][3] == "t"}
	if found.timeline, err = strconv.ParseInt(rows[0][1], 16, 64); err != nil {
		return standing{}, 0, fmt.Errorf("unexpected timeline %q", rows[0][1])
	}
	if !found.hasTable {
		return found, found.timeline, nil
	}
	rows, err = readAll(ctx, connection, "SELECT pg_catalog.max(timeline) FROM cluster.timelines WHERE system OPERATOR(pg_catalog.=) "+literal(found.system))
	if err != nil || rows[0][0] == "" {
		return found, found.timeline, err
	}
	known, err := strconv.ParseInt(rows[0][0], 10, 64)
	return found, max(known, found.timeline), err
}

// note remembers a timeline, and returns the newest of its system. used is set for
// the server that the process is about to use: errOtherSystem means that it belongs
// to another system than those before.
func (f *fence) note(system string, timeline int64, used bool) (newest int64, err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if used && f.system != "" && f.system != system {
		return 0, errOtherSystem
	}
	if used {
		f.system = system
	}
	f.newest[system] = max(f.newest[system], timeline)
	f.used.Store(f.newest[f.system])
	return f.newest[system], nil
}

var errOtherSystem = errors.New("it is another database system than the one that this process has used (restart Carebase if that is intended)")

// admit is a pgconn.ValidateConnectFunc: it refuses an outdated primary, so that the
// next host is tried.
func (f *fence) admit(ctx context.Context, connection *pgconn.PgConn) error {
	found, known, err := ask(ctx, connection)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "42501" || refused.Code == "42883") { // insufficient_privilege, undefined_function
		if !f.warned.Swap(true) {
			slog.Warn("PostgreSQL does not say which timeline it is on: an outdated primary cannot be recognized", "error", refused.Message)
		}
		return nil
	}
	if err != nil {
		return err
	}
	newest, err := f.note(found.system, known, true)
	if err != nil {
		return &unsuitable{err}
	}
	if found.isStandby {
		connection.CustomData()[timelineKey] = newest
		return nil
	}
	isOutdated := found.timeline < newest
	if found.hasTable && (isOutdated || known == found.timeline) && connection.ParameterStatus(readOnlyParameter) == "off" {
		err = record(ctx, connection, found.system, newest)
	}
	if isOutdated {
		return errors.Join(&unsuitable{fmt.Errorf("it is on timeline %d, and a standby was promoted to timeline %d in its place", found.timeline, newest)}, err)
	}
	connection.CustomData()[timelineKey] = found.timeline
	return err
}

// record stores a timeline that was seen.
func record(ctx context.Context, connection *pgconn.PgConn, system string, timeline int64) error {
	_, err := readAll(ctx, connection, fmt.Sprintf("INSERT INTO cluster.timelines (system, timeline) VALUES (%s, %d) ON CONFLICT DO NOTHING", literal(system), timeline))
	return err
}

// isRetired reports whether a connection leads to a server that was replaced since.
func (f *fence) isRetired(connection *pgconn.PgConn) bool {
	timeline, known := connection.CustomData()[timelineKey].(int64)
	return known && timeline < f.used.Load()
}

// IsRetired reports whether a connection of Open leads to a server in whose place a
// standby was promoted. The caller closes it.
func (d *Database) IsRetired(connection *pgconn.PgConn) bool { return d.fence.isRetired(connection) }

// Survey asks every configured host for its timeline, if there are several and it is
// a second ago: a host that no connection leads to may have been promoted. Hosts
// that do not answer are passed over.
func (d *Database) Survey(ctx context.Context) {
	hosts := separate(d.config)
	if len(hosts) < 2 {
		return
	}
	d.fence.surveying.Lock()
	defer d.fence.surveying.Unlock()
	if time.Since(d.fence.surveyed) < surveyInterval {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, surveyTimeout)
	defer cancel()
	var asking sync.WaitGroup
	for _, host := range hosts {
		host.ValidateConnect = nil
		asking.Go(func() { d.fence.visit(ctx, host) })
	}
	asking.Wait()
	d.fence.surveyed = time.Now()
}

// visit notes the timeline of a host, if it answers.
func (f *fence) visit(ctx context.Context, host *pgconn.Config) {
	connection, err := pgconn.ConnectConfig(context.WithValue(ctx, connecting{}, true), host)
	if err != nil {
		return
	}
	defer func() { _ = closeConnection(connection) }()
	if found, known, err := ask(ctx, connection); err == nil {
		_, _ = f.note(found.system, known, false)
	}
}
