// Package postgres runs PocketBase on PostgreSQL: a database/sql driver that
// takes the SQL that PocketBase writes for SQLite, translates it, and answers as
// SQLite would. PocketBase itself stays as it is; it gets its databases from
// Database.Connect, through its own DBConnect seam.
//
// Each of PocketBase's SQLite files is a schema of one PostgreSQL database. The
// schema "sqlite" beside them holds the functions, types and operators that
// PostgreSQL lacks (folder compatibility). Package translate has the dialect.
package postgres

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net"
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

const (
	connectTimeout = 10 * time.Second
	// installTimeout includes waiting for another process that installs.
	installTimeout = time.Minute
	// cancelGrace is how long a cancelled statement may take to end before its
	// connection is given up.
	cancelGrace = 3 * time.Second
	// nameLength is enough for no two processes to have the same name.
	nameLength = 16
)

// sessionParameters are what the translation relies on, and limits.
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
	"lock_timeout":                        "10s",
	"idle_in_transaction_session_timeout": "5min",
}

// Database is a PostgreSQL database that holds all of PocketBase's databases.
type Database struct {
	config           *pgconn.Config
	connectionString string
	// pooler is where the pools connect to while writers run side by side; nil
	// for PostgreSQL itself.
	pooler *pgconn.Config
	pools  Pools

	translations *translations
	// concurrent is set once writers may run side by side.
	concurrent atomic.Bool

	mutex sync.Mutex
	// installed are the schemas that are known to be ready.
	installed map[string]bool
	// valueType is the oid of sqlite.value.
	valueType uint32
	longNames map[string]string
	// tables says of names whether they are tables.
	tables map[string]bool
}

// New returns the database that the settings name, without connecting to it.
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
	maps.Copy(config.RuntimeParams, sessionParameters)
	database := &Database{
		config: config, connectionString: direct.connectionString(), pools: settings.pools(), translations: newTranslations(),
		installed: map[string]bool{}, longNames: map[string]string{}, tables: map[string]bool{},
	}
	if settings.DirectURL != "" {
		if database.pooler, err = poolerConfig(settings, name); err != nil {
			return nil, err
		}
	}
	return database, nil
}

// prepare gives a configuration the limits of all connections, and their name.
func prepare(config *pgconn.Config, name string) {
	config.ConnectTimeout = connectTimeout
	config.RuntimeParams["application_name"] = name
	config.OnNotice = nil
}

// String names the server and the database, never the password.
func (d *Database) String() string {
	return address(d.config) + "/" + d.config.Database
}

func address(config *pgconn.Config) string {
	if strings.HasPrefix(config.Host, "/") {
		return config.Host
	}
	return net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
}

// Connect opens the schema that stands for one of PocketBase's files. It is a
// core.DBConnectFunc.
func (d *Database) Connect(dbPath string) (*dbx.DB, error) {
	file := filepath.Base(dbPath)
	schema := strings.TrimSuffix(file, filepath.Ext(file))
	if schema == "" || schema == compatibilitySchema || strings.HasPrefix(schema, "pg_") {
		return nil, fmt.Errorf("%s cannot be a schema of PostgreSQL", dbPath)
	}
	db := sql.OpenDB(&connector{database: d, schema: schema})
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	err := d.checkPooler(ctx)
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// The dialect stays SQLite's: it is what the driver reads.
	return dbx.NewFromDB(db, "sqlite"), nil
}

// RunWritersSideBySide ends the time of start, in which one transaction runs at
// a time in all processes on the database, so that migrations run once, and in
// which no pooler is in between. It takes
// the builders that PocketBase limits to one connection: its nonconcurrent ones.
func (d *Database) RunWritersSideBySide(data, auxiliary dbx.Builder) error {
	for builder, limit := range map[dbx.Builder]int{data: d.pools.DataWriters, auxiliary: d.pools.AuxiliaryWriters} {
		pool, ok := builder.(*dbx.DB)
		if !ok {
			return fmt.Errorf("the writers' pool is a %T", builder)
		}
		pool.DB().SetMaxOpenConns(limit)
		pool.DB().SetMaxIdleConns(limit)
	}
	d.concurrent.Store(true)
	return nil
}

// Pools returns how the connections are shared out.
func (d *Database) Pools() Pools { return d.pools }
