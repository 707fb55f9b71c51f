// Package postgres runs PocketBase on PostgreSQL. It is a database/sql driver
// that takes the SQL that PocketBase writes for SQLite, translates it, and
// returns results and errors as SQLite would. PocketBase is unmodified: it
// opens its databases with Database.Connect, through its DBConnect option.
//
// Each of PocketBase's SQLite files becomes a schema of one PostgreSQL
// database. The schema "sqlite" beside them holds the functions, types and
// operators that PostgreSQL lacks (folder compatibility). Package translate
// translates the dialect.
package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/pocketbase/dbx"
)

// StartTimeout is how long the start of a process waits for others that start at the
// same time: one of them installs and migrates, which takes minutes on a slow machine.
const StartTimeout = 10 * time.Minute

const (
	connectTimeout = 10 * time.Second
	// cancelGrace is how long a cancelled statement may take to end before its
	// connection is closed.
	cancelGrace = 3 * time.Second
	// nameLength makes process names unique.
	nameLength = 16
)

// lockTimeout is the parameter that limits the wait for a lock. During startup, which
// includes waiting for another process that migrates, it is StartTimeout.
const lockTimeout = "lock_timeout"

func startLockTimeout() string { return strconv.FormatInt(StartTimeout.Milliseconds(), 10) }

// sessionParameters are what the translation relies on, and timeouts.
var sessionParameters = map[string]string{
	"standard_conforming_strings":         "on",
	"client_encoding":                     "UTF8",
	"timezone":                            "UTC",
	"datestyle":                           "ISO, YMD",
	"intervalstyle":                       "postgres",
	"extra_float_digits":                  "1",
	"jit":                                 "off",
	"client_min_messages":                 "error",
	"statement_timeout":                   "5min",
	lockTimeout:                           "10s",
	"idle_in_transaction_session_timeout": "5min",
}

// Database is a PostgreSQL database that holds all of PocketBase's databases.
// It is safe for concurrent use.
type Database struct {
	config           *pgconn.Config
	connectionString string
	// pooler is where the pools connect to once writers may run concurrently;
	// nil for PostgreSQL itself.
	pooler *pgconn.Config
	pools  Pools
	// replica is what reads may use; nil for none.
	replica *Replica

	fence        fence
	translations *translations
	// concurrent is set once writers may run concurrently.
	concurrent atomic.Bool
	// changing is the function of OnUnknownSchema; nil before it is called.
	changing atomic.Pointer[func(context.Context) bool]

	mutex sync.Mutex
	// installed are the schemas that are ready for use.
	installed map[string]bool
	// valueType is the oid of sqlite.value.
	valueType uint32
	longNames map[string]string
	// relations caches what is asked of relation, by schema and name.
	relations map[string]relation
}

// New returns the database for the settings. It does not connect. Its errors
// contain no password.
func New(settings Settings) (*Database, error) {
	direct := settings.direct()
	name := "carebase-" + strings.ToLower(rand.Text()[:nameLength])
	config, err := direct.config()
	if err != nil {
		return nil, err
	}
	prepare(config, name)
	config.BuildContextWatcherHandler = func(connection *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: connection, DeadlineDelay: cancelGrace}
	}
	setSession(config)
	database := &Database{
		config: config, connectionString: direct.connectionString(), pools: settings.pools(), translations: newTranslations(),
		fence: fence{newest: map[string]int64{}}, installed: map[string]bool{}, longNames: map[string]string{}, relations: map[string]relation{},
	}
	database.guard(config)
	if settings.DirectURL != "" {
		if database.pooler, err = poolerConfig(settings, name); err != nil {
			return nil, err
		}
		database.guard(database.pooler)
	}
	if settings.ReplicaURL != "" {
		if database.replica, err = newReplica(database, settings, name); err != nil {
			return nil, err
		}
	}
	return database, nil
}

// setSession sets the session parameters. A URL may set timeouts of its own.
func setSession(config *pgconn.Config) {
	for name, value := range sessionParameters {
		if isTimeout := strings.HasSuffix(name, "_timeout"); !isTimeout || config.RuntimeParams[name] == "" {
			config.RuntimeParams[name] = value
		}
	}
}

// guard has new connections checked: version, target_session_attrs, fence. With several
// hosts, standbys are passed over in any case. What only reads may use them.
func (d *Database) guard(config *pgconn.Config) {
	attributes := config.ValidateConnect
	if attributes == nil && len(separate(config)) > 1 {
		attributes = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
	config.ValidateConnect = func(ctx context.Context, connection *pgconn.PgConn) error {
		if err := checkServer(connection); err != nil {
			return &unsuitable{err}
		}
		if attributes != nil && d.config.RuntimeParams[readOnlyParameter] == "" {
			if err := attributes(ctx, connection); err != nil {
				return &unsuitable{err}
			}
		}
		return d.fence.admit(ctx, connection)
	}
}

// prepare sets the connect timeout and the name of all connections.
func prepare(config *pgconn.Config, name string) {
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["application_name"] = name
	config.OnNotice = nil
}

// String returns host:port/database, with several hosts a list of them, without the password.
func (d *Database) String() string {
	return address(d.config) + "/" + d.config.Database
}

// Connect opens the schema that stands for one of PocketBase's files, named
// after the file, and creates it if necessary. It is a core.DBConnectFunc.
func (d *Database) Connect(dbPath string) (*dbx.DB, error) {
	file := filepath.Base(dbPath)
	schema := strings.TrimSuffix(file, filepath.Ext(file))
	if schema == "" || schema == compatibilitySchema || strings.HasPrefix(schema, "pg_") {
		return nil, fmt.Errorf("%s: the file name cannot be used as a PostgreSQL schema", dbPath)
	}
	db := sql.OpenDB(&connector{database: d, schema: schema})
	ctx, cancel := context.WithTimeout(context.Background(), StartTimeout)
	defer cancel()
	err := d.checkPooler(ctx)
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// The driver reads SQLite's dialect.
	return dbx.NewFromDB(db, "sqlite"), nil
}

// AllowConcurrentWriters ends the startup mode, in which transactions of all
// processes on the database are serialized, so that migrations run once, and in
// which the pooler is bypassed. It takes PocketBase's nonconcurrent builders,
// which PocketBase limits to one connection, and raises their limits.
func (d *Database) AllowConcurrentWriters(data, auxiliary dbx.Builder) error {
	for builder, limit := range map[dbx.Builder]int{data: d.pools.DataWriters, auxiliary: d.pools.AuxiliaryWriters} {
		pool, ok := builder.(*dbx.DB)
		if !ok {
			return fmt.Errorf("unexpected type of a writers' pool: %T", builder)
		}
		pool.DB().SetMaxOpenConns(limit)
		pool.DB().SetMaxIdleConns(limit)
	}
	d.concurrent.Store(true)
	return nil
}

// Replica returns the replica that reads may use; nil if none is configured.
func (d *Database) Replica() *Replica { return d.replica }

// Pools returns the sizes of the connection pools.
func (d *Database) Pools() Pools { return d.pools }
