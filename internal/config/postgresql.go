package config

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// PostgreSQL configures the connection to PostgreSQL. Either URL is set, or Database
// and the fields below it.
type PostgreSQL struct {
	// DirectURL is the URL of PostgreSQL itself if the other fields name a pooler.
	DirectURL      string
	URL            string
	Host           string
	Port           int
	Database       string
	User, Password string
	SSLMode        string
	MaxConnections int
}

const (
	defaultPGHost     = "localhost"
	defaultPGPort     = 5432
	defaultPGMaxConns = 30
	// minPGMaxConns is the least that serves readers and writers of data and logs.
	minPGMaxConns = 6
	maxPGMaxConns = 10000
)

// sslModes are libpq's values of sslmode.
var sslModes = []string{"", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// postgreSQL returns nil unless PG_DB or DATABASE_URL is set.
func (v *validator) postgreSQL(raw variables) *PostgreSQL {
	if raw.PGDatabase == "" && raw.DatabaseURL == "" {
		if raw.PGDirectURL != "" {
			v.secretProblem("PG_DIRECT_URL", "unset unless PG_DB or DATABASE_URL names a pooler")
		}
		return nil
	}
	settings := &PostgreSQL{MaxConnections: v.number("PG_MAX_CONNS", raw.PGMaxConns, defaultPGMaxConns, minPGMaxConns, maxPGMaxConns)}
	if raw.PGDirectURL != "" {
		settings.DirectURL = v.databaseURL("PG_DIRECT_URL", raw.PGDirectURL)
	}
	if raw.DatabaseURL != "" {
		if raw.PGDatabase != "" {
			v.problem("PG_DB", raw.PGDatabase, "unset when DATABASE_URL is set")
		}
		settings.URL = v.databaseURL("DATABASE_URL", raw.DatabaseURL)
		return settings
	}
	settings.Host = orDefault(raw.PGHost, defaultPGHost)
	settings.Port = v.number("PG_PORT", raw.PGPort, defaultPGPort, 1, 65535)
	settings.Database, settings.User, settings.Password = raw.PGDatabase, raw.PGUser, raw.PGPassword
	settings.SSLMode = raw.PGSSLMode
	if !slices.Contains(sslModes, raw.PGSSLMode) {
		v.problem("PG_SSLMODE", raw.PGSSLMode, strings.Join(sslModes[1:len(sslModes)-1], ", ")+" or "+sslModes[len(sslModes)-1])
	}
	return settings
}

func (v *validator) number(name, value string, fallback, least, most int) int {
	if value == "" {
		return fallback
	}
	number, err := strconv.Atoi(value)
	if err != nil || number < least || number > most {
		v.problem(name, value, "a number from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	}
	return number
}

// databaseURL checks a URL without showing it, because it may contain a password.
func (v *validator) databaseURL(name, value string) string {
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme != "postgres" && parsed.Scheme != "postgresql" || strings.Trim(parsed.Path, "/") == "" {
		v.secretProblem(name, "like postgres://user:password@host:5432/database")
	}
	return value
}
