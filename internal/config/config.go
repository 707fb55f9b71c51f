// Package config reads the configuration from the environment and a .env file, and
// validates it at startup. No other package reads the environment.
package config

import (
	"errors"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
)

// Config is the validated configuration.
type Config struct {
	// SecretKey is the key that the users' token secrets derive from; empty for
	// PocketBase's random secrets.
	SecretKey string
	// Debug switches on PocketBase's dev mode.
	Debug bool
	// AllowedHosts are the host names that the server answers to; empty for any.
	AllowedHosts []string
	// CORSAllowedOrigins are the origins that may call the API; empty for any.
	CORSAllowedOrigins []string
	// TrustedProxies are the networks of proxies whose forwarding headers are
	// trusted; nil for none.
	TrustedProxies []netip.Prefix
	// Throttle has the rate limits; nil for none.
	Throttle *Throttle
	// Realtime has the limits on realtime clients.
	Realtime Realtime
	// HTTPAddr is the host:port to listen on.
	HTTPAddr string
	// MetricsAddr is the host:port to serve metrics on; empty for none.
	MetricsAddr string
	// DataDir is the directory of the SQLite databases and the uploaded files, and
	// DataDirIsSet whether DATA_DIR names it.
	DataDir      string
	DataDirIsSet bool
	// AccessTokenLifetime and RefreshTokenLifetime are the lifetimes of new tokens.
	AccessTokenLifetime, RefreshTokenLifetime time.Duration
	// RotateRefreshTokens and BlacklistAfterRotation are SimpleJWT's settings.
	RotateRefreshTokens, BlacklistAfterRotation bool
	// RefreshReuseGrace is how long a rotated refresh token still gets its successor
	// again; 0 for none.
	RefreshReuseGrace time.Duration
	// DjangoSecretKey verifies the tokens of the Django deployment that was imported;
	// empty refuses them.
	DjangoSecretKey string
	// DjangoSuperuser is whom "createsuperuser --noinput" creates.
	DjangoSuperuser DjangoSuperuser
	// DoctorsScope says who can see a doctor.
	DoctorsScope DoctorsScope
	// APIResources are the names of the collections of operators that the documented
	// API serves.
	APIResources []string
	// RegistrationClosed leaves the creation of accounts to superusers.
	RegistrationClosed bool
	// SuperuserEmail and SuperuserPassword are the superuser to create or update at
	// startup; both empty for none.
	SuperuserEmail, SuperuserPassword string
	// AuditReads says how the audit trail records reads.
	AuditReads AuditReads
	// AuditRetention is how long the audit trail keeps events.
	AuditRetention time.Duration
	// AuditSealAfter is how old events are when they are sealed; 0 for never.
	AuditSealAfter time.Duration
	// AuditArchive is where old sealed events go; nil for nowhere.
	AuditArchive *AuditArchive
	// AuditHeads says when and where the heads of the audit chains are written.
	AuditHeads AuditHeads
	// SuperuserNetworks are the networks that superusers may connect from; nil for any.
	SuperuserNetworks []netip.Prefix
	// SuperuserMFA requires a one-time password of superusers as well.
	SuperuserMFA bool
	// Backup configures backups and replication.
	Backup Backup
	// SQLiteSynchronous says when SQLite flushes commits to disk.
	SQLiteSynchronous SQLiteSynchronous
	// PostgreSQL is the database server; nil for SQLite in DataDir.
	PostgreSQL *PostgreSQL
}

// DjangoSuperuser has the variables of Django's command "createsuperuser".
type DjangoSuperuser struct{ Email, Name, Password string }

// DoctorsScope says who can see a doctor.
type DoctorsScope string

const (
	// DoctorsGlobal shows every doctor to all signed-in users.
	DoctorsGlobal DoctorsScope = "global"
	// DoctorsOwner shows a doctor only to the user who created it.
	DoctorsOwner DoctorsScope = "owner"
)

// SQLiteSynchronous is SQLite's setting "synchronous": when a commit is written
// to disk.
type SQLiteSynchronous string

const (
	// SynchronousFull writes a commit to disk before it is acknowledged: a
	// power failure loses nothing.
	SynchronousFull SQLiteSynchronous = "FULL"
	// SynchronousNormal leaves that to the operating system until the next
	// checkpoint: a killed process loses nothing, a power failure the last
	// commits.
	SynchronousNormal SQLiteSynchronous = "NORMAL"
)

// variables are the raw values of the environment, before validation.
type variables struct {
	SecretKey                string `env:"SECRET_KEY"`
	Debug                    string `env:"DEBUG"`
	AllowedHosts             string `env:"ALLOWED_HOSTS"`
	CORSAllowedOrigins       string `env:"CORS_ALLOWED_ORIGINS"`
	TrustedProxies           string `env:"TRUSTED_PROXIES"`
	Throttle                 string `env:"THROTTLE"`
	ThrottleLogin            string `env:"THROTTLE_LOGIN"`
	ThrottleFailedLogin      string `env:"THROTTLE_FAILED_LOGIN"`
	ThrottleRegister         string `env:"THROTTLE_REGISTER"`
	ThrottleUser             string `env:"THROTTLE_USER"`
	RealtimeMaxSubscriptions string `env:"REALTIME_MAX_SUBSCRIPTIONS"`
	RealtimeMaxClients       string `env:"REALTIME_MAX_CLIENTS"`
	HTTPAddr                 string `env:"HTTP_ADDR"`
	Port                     string `env:"PORT"`
	MetricsAddr              string `env:"METRICS_ADDR"`
	DataDir                  string `env:"DATA_DIR"`
	AccessTokenLifetime      string `env:"ACCESS_TOKEN_LIFETIME"`
	RefreshTokenLifetime     string `env:"REFRESH_TOKEN_LIFETIME"`
	RotateRefreshTokens      string `env:"ROTATE_REFRESH_TOKENS"`
	BlacklistAfterRotation   string `env:"BLACKLIST_AFTER_ROTATION"`
	RefreshReuseGrace        string `env:"REFRESH_REUSE_GRACE"`
	DjangoSecretKey          string `env:"DJANGO_SECRET_KEY"`
	DjangoSuperuserEmail     string `env:"DJANGO_SUPERUSER_EMAIL"`
	DjangoSuperuserName      string `env:"DJANGO_SUPERUSER_NAME"`
	DjangoSuperuserPassword  string `env:"DJANGO_SUPERUSER_PASSWORD"`
	DoctorsScope             string `env:"DOCTORS_SCOPE"`
	APIResources             string `env:"API_RESOURCES"`
	Registration             string `env:"REGISTRATION"`
	SuperuserEmail           string `env:"SUPERUSER_EMAIL"`
	SuperuserPassword        string `env:"SUPERUSER_PASSWORD"`
	AuditReads               string `env:"AUDIT_READS"`
	AuditRetention           string `env:"AUDIT_RETENTION"`
	AuditSealAfter           string `env:"AUDIT_SEAL_AFTER"`
	AuditArchiveURL          string `env:"AUDIT_ARCHIVE_URL"`
	AuditOnline              string `env:"AUDIT_ONLINE"`
	AuditHeadsInterval       string `env:"AUDIT_HEADS_INTERVAL"`
	AuditHeadsURL            string `env:"AUDIT_HEADS_URL"`
	SuperuserNetworks        string `env:"SUPERUSER_NETWORKS"`
	SuperuserMFA             string `env:"SUPERUSER_MFA"`
	BackupCron               string `env:"BACKUP_CRON"`
	BackupKeep               string `env:"BACKUP_KEEP"`
	BackupURL                string `env:"BACKUP_URL"`
	BackupRecipient          string `env:"BACKUP_RECIPIENT"`
	ReplicaURL               string `env:"REPLICA_URL"`
	AWSAccessKeyID           string `env:"AWS_ACCESS_KEY_ID"`
	AWSSecretAccessKey       string `env:"AWS_SECRET_ACCESS_KEY"`
	SQLiteSynchronous        string `env:"SQLITE_SYNCHRONOUS"`
	DatabaseURL              string `env:"DATABASE_URL"`
	PGDirectURL              string `env:"PG_DIRECT_URL"`
	PGReplicaURL             string `env:"PG_REPLICA_URL"`
	PGDatabase               string `env:"PG_DB"`
	PGUser                   string `env:"PG_USER"`
	PGPassword               string `env:"PG_PASSWORD"`
	PGHost                   string `env:"PG_HOST"`
	PGPort                   string `env:"PG_PORT"`
	PGSSLMode                string `env:"PG_SSLMODE"`
	PGTargetSessionAttrs     string `env:"PG_TARGET_SESSION_ATTRS"`
	PGMaxConns               string `env:"PG_MAX_CONNS"`
}

// Load reads .env in the working directory and the environment; the environment takes
// precedence. Its error lists every problem, one per line.
func Load() (*Config, error) {
	environment, err := readDotenv(dotenv)
	if err != nil {
		return nil, err
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		environment[name] = value
	}
	return Parse(environment)
}

// Parse validates an environment. Its error lists every problem, one per line.
func Parse(environment map[string]string) (*Config, error) {
	raw, err := env.ParseAsWithOptions[variables](env.Options{Environment: environment})
	if err != nil {
		return nil, err
	}
	var v validator
	config := &Config{
		Debug:                  v.boolean("DEBUG", raw.Debug),
		AllowedHosts:           v.hosts("ALLOWED_HOSTS", raw.AllowedHosts),
		CORSAllowedOrigins:     v.origins("CORS_ALLOWED_ORIGINS", raw.CORSAllowedOrigins),
		TrustedProxies:         v.networks("TRUSTED_PROXIES", raw.TrustedProxies),
		HTTPAddr:               v.address(raw.HTTPAddr, raw.Port),
		DataDir:                orDefault(raw.DataDir, "pb_data"),
		DataDirIsSet:           raw.DataDir != "",
		AccessTokenLifetime:    v.lifetime("ACCESS_TOKEN_LIFETIME", raw.AccessTokenLifetime, 30*time.Minute),
		RefreshTokenLifetime:   v.lifetime("REFRESH_TOKEN_LIFETIME", raw.RefreshTokenLifetime, 168*time.Hour),
		RotateRefreshTokens:    v.boolean("ROTATE_REFRESH_TOKENS", raw.RotateRefreshTokens),
		BlacklistAfterRotation: v.boolean("BLACKLIST_AFTER_ROTATION", raw.BlacklistAfterRotation),
		DjangoSecretKey:        raw.DjangoSecretKey,
		DjangoSuperuser:        DjangoSuperuser{raw.DjangoSuperuserEmail, raw.DjangoSuperuserName, raw.DjangoSuperuserPassword},
		DoctorsScope:           v.doctorsScope("DOCTORS_SCOPE", raw.DoctorsScope),
		RefreshReuseGrace:      v.grace("REFRESH_REUSE_GRACE", raw.RefreshReuseGrace, 10*time.Second),
		AuditReads:             v.auditReads("AUDIT_READS", raw.AuditReads),
		AuditRetention:         v.retention("AUDIT_RETENTION", raw.AuditRetention),
		AuditSealAfter:         v.sealAfter("AUDIT_SEAL_AFTER", raw.AuditSealAfter),
		SQLiteSynchronous:      v.sqliteSynchronous("SQLITE_SYNCHRONOUS", raw.SQLiteSynchronous),
	}
	config.MetricsAddr = v.listenAddress("METRICS_ADDR", raw.MetricsAddr, "127.0.0.1:9464")
	config.SecretKey = v.secretKey("SECRET_KEY", raw.SecretKey, config.Debug)
	config.SuperuserEmail, config.SuperuserPassword = v.superuser(raw.SuperuserEmail, raw.SuperuserPassword)
	config.APIResources = v.collections("API_RESOURCES", raw.APIResources)
	config.RegistrationClosed = v.registrationClosed("REGISTRATION", raw.Registration)
	config.SuperuserNetworks = v.networks("SUPERUSER_NETWORKS", raw.SuperuserNetworks)
	config.SuperuserMFA = v.boolean("SUPERUSER_MFA", raw.SuperuserMFA)
	config.PostgreSQL = v.postgreSQL(raw)
	config.AuditHeads = v.auditHeads(raw)
	config.AuditArchive = v.auditArchive(raw, config.DataDir, config.AuditHeads, config.AuditRetention)
	config.Throttle = v.throttle(raw)
	config.Realtime = v.realtime(raw)
	config.Backup = v.backup(raw, config.PostgreSQL != nil)
	if len(v.problems) > 0 {
		return nil, errors.Join(v.problems...)
	}
	return config, nil
}

func orDefault(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}
