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
	DirectURL string
	// ReplicaURL is the URL of a streaming replica that reads may use.
	ReplicaURL string
	URL        string
	// Host is one host or several, separated by commas, and Port one port for all of
	// them or one for each.
	Host, Port         string
	Database           string
	User, Password     string
	SSLMode            string
	TargetSessionAttrs string
	MaxConnections     int
}

const (
	defaultPGHost     = "localhost"
	defaultPGPort     = "5432"
	defaultPGMaxConns = 30
	// minPGMaxConns is the least that serves readers and writers of data and logs.
	minPGMaxConns = 6
	maxPGMaxConns = 10000
)

// sslModes are libpq's values of sslmode.
var sslModes = []string{"", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// sessionAttrs are libpq's values of target_session_attrs that select servers which can
// be written to.
var sessionAttrs = []string{"", "read-write", "primary"}

// postgreSQL returns nil unless PG_DB or DATABASE_URL is set.
func (v *validator) postgreSQL(raw variables) *PostgreSQL {
	if raw.PGDatabase == "" && raw.DatabaseURL == "" {
		if raw.PGDirectURL != "" {
			v.secretProblem("PG_DIRECT_URL", "unset unless PG_DB or DATABASE_URL names a pooler")
		}
		if raw.PGReplicaURL != "" {
			v.secretProblem("PG_REPLICA_URL", "unset unless PG_DB or DATABASE_URL names the primary")
		}
		return nil
	}
	settings := &PostgreSQL{MaxConnections: v.number("PG_MAX_CONNS", raw.PGMaxConns, defaultPGMaxConns, minPGMaxConns, maxPGMaxConns)}
	if raw.PGDirectURL != "" {
		settings.DirectURL = v.databaseURL("PG_DIRECT_URL", raw.PGDirectURL)
	}
	if raw.PGReplicaURL != "" {
		settings.ReplicaURL = v.databaseURL("PG_REPLICA_URL", raw.PGReplicaURL)
		if target, err := url.Parse(raw.PGReplicaURL); err == nil && strings.Contains(target.Host, ",") {
			v.secretProblem("PG_REPLICA_URL", "the URL of one host")
		}
	}
	if raw.DatabaseURL != "" {
		if raw.PGDatabase != "" {
			v.problem("PG_DB", raw.PGDatabase, "unset when DATABASE_URL is set")
		}
		settings.URL = v.databaseURL("DATABASE_URL", raw.DatabaseURL)
		return settings
	}
	settings.Host = orDefault(raw.PGHost, defaultPGHost)
	if slices.Contains(strings.Split(settings.Host, ","), "") {
		v.problem("PG_HOST", settings.Host, "a host, or several separated by commas")
	}
	settings.Port = v.ports(settings.Host, orDefault(raw.PGPort, defaultPGPort))
	settings.Database, settings.User, settings.Password = raw.PGDatabase, raw.PGUser, raw.PGPassword
	settings.SSLMode = v.oneOf("PG_SSLMODE", raw.PGSSLMode, sslModes)
	settings.TargetSessionAttrs = v.oneOf("PG_TARGET_SESSION_ATTRS", raw.PGTargetSessionAttrs, sessionAttrs)
	return settings
}

// oneOf returns the value if it is one of those, of which the first is empty.
func (v *validator) oneOf(name, value string, values []string) string {
	if !slices.Contains(values, value) {
		v.problem(name, value, strings.Join(values[1:len(values)-1], ", ")+" or "+values[len(values)-1])
	}
	return value
}

// ports returns the port of all hosts, or the list of ports of each.
func (v *validator) ports(hosts, ports string) string {
	each := strings.Split(ports, ",")
	for _, port := range each {
		if number, err := strconv.Atoi(port); err != nil || number < 1 || number > 65535 {
			v.problem("PG_PORT", ports, "numbers from 1 to 65535, separated by commas")
			return ports
		}
	}
	if count := strings.Count(hosts, ",") + 1; len(each) != 1 && len(each) != count {
		v.problem("PG_PORT", ports, "one port, or one for each of the "+strconv.Itoa(count)+" hosts of PG_HOST")
	}
	return ports
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
