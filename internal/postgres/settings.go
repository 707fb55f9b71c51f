package postgres

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
)

// Settings say which database it is. Either URL is set or the others are.
type Settings struct {
	// DirectURL is PostgreSQL itself if the others name a pooler in front of it
	// that gives each transaction another session, such as PgBouncer; else empty.
	DirectURL string
	// URL is a whole connection string, postgres://user:password@host:port/database.
	URL string
	// Host is a name, an address or the directory of a unix socket.
	Host string
	// Port is the server's; 0 for 5432.
	Port int
	// Database, User and Password are as PostgreSQL's.
	Database, User, Password string
	// SSLMode is one of libpq's, such as disable or verify-full; empty for prefer.
	SSLMode string
	// MaxConnections is how many connections are open at most; 0 for 30.
	MaxConnections int
}

const (
	defaultPort           = 5432
	defaultMaxConnections = 30
	// MinConnections is the least number of connections that can work: readers
	// and writers of two schemas.
	MinConnections = 6
)

// Pools are the sizes of PocketBase's connection pools. A transaction may read
// beside itself, so readers have a pool that writers cannot exhaust.
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

// direct are the settings of PostgreSQL itself.
func (s Settings) direct() Settings {
	if s.DirectURL == "" {
		return s
	}
	return Settings{URL: s.DirectURL, MaxConnections: s.MaxConnections}
}

// config parses the settings. Its error shows no password.
func (s Settings) config() (*pgconn.Config, error) {
	config, err := pgconn.ParseConfig(s.connectionString())
	if err != nil {
		var parsing *pgconn.ParseConfigError
		if errors.As(err, &parsing) && parsing.Unwrap() != nil && s.URL == "" {
			return nil, fmt.Errorf("the settings of PostgreSQL cannot be understood: %w", parsing.Unwrap())
		}
		return nil, errors.New("the URL of PostgreSQL cannot be understood: it must be like postgres://user:password@host:5432/database")
	}
	if config.Database == "" {
		return nil, errors.New("the URL of PostgreSQL names no database: it must be like postgres://user:password@host:5432/database")
	}
	return config, nil
}

// connectionString is a URL in which every value is escaped.
func (s Settings) connectionString() string {
	if s.URL != "" {
		return s.URL
	}
	port := s.Port
	if port == 0 {
		port = defaultPort
	}
	query := url.Values{"port": {strconv.Itoa(port)}}
	if s.SSLMode != "" {
		query.Set("sslmode", s.SSLMode)
	}
	result := url.URL{Scheme: "postgres", Path: "/" + s.Database}
	if s.User != "" {
		result.User = url.UserPassword(s.User, s.Password)
	}
	if len(s.Host) > 0 && s.Host[0] == '/' {
		query.Set("host", s.Host)
	} else {
		result.Host = net.JoinHostPort(s.Host, strconv.Itoa(port))
		query.Del("port")
	}
	result.RawQuery = query.Encode()
	return result.String()
}
