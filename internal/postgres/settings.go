package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/socket"
)

// Settings select a database: either URL is set, or the fields from Host on.
type Settings struct {
	// DirectURL is the URL of PostgreSQL itself if the other fields name a
	// pooler in transaction mode in front of it, such as PgBouncer; otherwise
	// empty.
	DirectURL string
	// ReplicaURL is the URL of a streaming replica that reads may use; empty for none.
	ReplicaURL string
	// URL is a connection string, postgres://user:password@host:port/database.
	URL string
	// Host is a host name, an address or the directory of a Unix socket, or several
	// of them separated by commas. Port is their port, or a list with one for each;
	// empty for 5432.
	Host, Port string
	// Database, User and Password are the credentials.
	Database, User, Password string
	// SSLMode is a libpq sslmode, such as disable or verify-full; empty for
	// prefer.
	SSLMode string
	// TargetSessionAttrs is a libpq target_session_attrs; if it is empty, it is any with
	// one host and primary with several.
	TargetSessionAttrs string
	// MaxConnections limits the open connections; 0 for 30.
	MaxConnections int
}

const (
	defaultPort           = "5432"
	defaultMaxConnections = 30
	// MinConnections is the least value of MaxConnections that works: readers
	// and writers of two schemas need connections.
	MinConnections = 6
)

// Pools are the sizes of PocketBase's connection pools. Readers have pools of
// their own, because a transaction may need a second connection to read, and
// writers must not be able to take the last one.
type Pools struct {
	DataReaders, DataWriters, AuxiliaryReaders, AuxiliaryWriters int
}

func (s Settings) pools() Pools {
	total := s.MaxConnections
	if total == 0 {
		total = defaultMaxConnections
	}
	total = max(total, MinConnections)
	pools := Pools{AuxiliaryReaders: max(1, total/10), AuxiliaryWriters: 1}
	rest := total - pools.AuxiliaryReaders - pools.AuxiliaryWriters
	pools.DataWriters = rest / 2
	pools.DataReaders = rest - pools.DataWriters
	return pools
}

// direct returns the settings for connecting to PostgreSQL itself.
func (s Settings) direct() Settings {
	if s.DirectURL == "" {
		return s
	}
	return Settings{URL: s.DirectURL, MaxConnections: s.MaxConnections}
}

// config parses the settings. Its error contains no password.
func (s Settings) config() (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(s.connectionString())
	if err != nil {
		var parsing *pgconn.ParseConfigError
		if errors.As(err, &parsing) && parsing.Unwrap() != nil && s.URL == "" {
			return nil, fmt.Errorf("invalid PostgreSQL settings: %w", parsing.Unwrap())
		}
		if errors.As(err, &parsing) && strings.Contains(parsing.Error(), "failed to configure TLS") {
			return nil, fmt.Errorf("the PostgreSQL URL's TLS settings cannot be used: %w", parsing.Unwrap())
		}
		return nil, errors.New("invalid PostgreSQL URL: expected postgres://user:password@host:5432/database")
	}
	if config.Database == "" {
		return nil, errors.New("the PostgreSQL URL names no database: expected postgres://user:password@host:5432/database")
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		connection, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return socket.Wrap(connection), nil
	}
	return config, nil
}

// connectionString returns a URL with every value escaped.
func (s Settings) connectionString() string {
	if s.URL != "" {
		return s.URL
	}
	query := url.Values{"host": {s.Host}, "port": {cmp.Or(s.Port, defaultPort)}}
	if s.SSLMode != "" {
		query.Set("sslmode", s.SSLMode)
	}
	if s.TargetSessionAttrs != "" {
		query.Set("target_session_attrs", s.TargetSessionAttrs)
	}
	result := url.URL{Scheme: "postgres", Path: "/" + s.Database}
	if s.User != "" {
		result.User = url.UserPassword(s.User, s.Password)
	}
	result.RawQuery = query.Encode()
	return result.String()
}
