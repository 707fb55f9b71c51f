// Package config reads the configuration from the environment and a .env
// file, validates all of it once at start, and hands it on typed. Nothing else
// in Carebase reads the environment.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/joho/godotenv"
)

// Config is the validated configuration.
type Config struct {
	// SecretKey derives the users' token secret; empty for PocketBase's own.
	SecretKey string
	// Debug is PocketBase's dev mode.
	Debug bool
	// AllowedHosts are the names that the server answers to; empty for any.
	AllowedHosts []string
	// CORSAllowedOrigins are the origins whose pages may call the API; empty
	// for any.
	CORSAllowedOrigins []string
	// TrustedProxies are believed about whom they forward for; nil for none.
	TrustedProxies []netip.Prefix
	// Throttle has the limits on requests; nil for none.
	Throttle *Throttle
	// HTTPAddr is the address that the server listens on, host:port.
	HTTPAddr string
	// MetricsAddr is the "host:port" to serve metrics on; empty for none.
	MetricsAddr string
	// DataDir is the directory of the SQLite database and the uploaded files.
	DataDir string
	// AccessTokenLifetime and RefreshTokenLifetime are how long new tokens hold.
	AccessTokenLifetime, RefreshTokenLifetime time.Duration
	// RotateRefreshTokens and BlacklistAfterRotation are SimpleJWT's.
	RotateRefreshTokens, BlacklistAfterRotation bool
	// DoctorsScope says who sees a doctor.
	DoctorsScope DoctorsScope
	// RegistrationClosed leaves it to superusers to create accounts.
	RegistrationClosed bool
	// SuperuserEmail and SuperuserPassword are created or updated at start;
	// both empty for neither.
	SuperuserEmail, SuperuserPassword string
	// AuditReads says how reads are recorded.
	AuditReads AuditReads
	// AuditRetention is how long events stay in the audit trail.
	AuditRetention time.Duration
	// SuperuserNetworks are where superusers may be; nil for anywhere.
	SuperuserNetworks []netip.Prefix
	// SuperuserMFA makes superusers show a one-time password as well.
	SuperuserMFA bool
	// Backup says when backups are made and where they go.
	Backup Backup
	// SQLiteSynchronous is when SQLite's commits are on the disk.
	SQLiteSynchronous SQLiteSynchronous
	// PostgreSQL is where the data is; nil for SQLite in DataDir.
	PostgreSQL *PostgreSQL
}

// DoctorsScope says who sees a doctor.
type DoctorsScope string

const (
	// DoctorsGlobal shows every doctor to every signed-in user.
	DoctorsGlobal DoctorsScope = "global"
	// DoctorsOwner shows a doctor to the user who created it.
	DoctorsOwner DoctorsScope = "owner"
)

// SQLiteSynchronous is SQLite's setting "synchronous".
type SQLiteSynchronous string

const (
	// SynchronousFull has a write on the disk before it is acknowledged.
	SynchronousFull SQLiteSynchronous = "FULL"
	// SynchronousNormal is faster; a power cut can lose the last writes.
	SynchronousNormal SQLiteSynchronous = "NORMAL"
)

// variables are the environment as it stands, before validation.
type variables struct {
	SecretKey              string `env:"SECRET_KEY"`
	Debug                  string `env:"DEBUG"`
	AllowedHosts           string `env:"ALLOWED_HOSTS"`
	CORSAllowedOrigins     string `env:"CORS_ALLOWED_ORIGINS"`
	TrustedProxies         string `env:"TRUSTED_PROXIES"`
	Throttle               string `env:"THROTTLE"`
	ThrottleLogin          string `env:"THROTTLE_LOGIN"`
	ThrottleFailedLogin    string `env:"THROTTLE_FAILED_LOGIN"`
	ThrottleRegister       string `env:"THROTTLE_REGISTER"`
	ThrottleUser           string `env:"THROTTLE_USER"`
	HTTPAddr               string `env:"HTTP_ADDR"`
	Port                   string `env:"PORT"`
	MetricsAddr            string `env:"METRICS_ADDR"`
	DataDir                string `env:"DATA_DIR"`
	AccessTokenLifetime    string `env:"ACCESS_TOKEN_LIFETIME"`
	RefreshTokenLifetime   string `env:"REFRESH_TOKEN_LIFETIME"`
	RotateRefreshTokens    string `env:"ROTATE_REFRESH_TOKENS"`
	BlacklistAfterRotation string `env:"BLACKLIST_AFTER_ROTATION"`
	DoctorsScope           string `env:"DOCTORS_SCOPE"`
	Registration           string `env:"REGISTRATION"`
	SuperuserEmail         string `env:"SUPERUSER_EMAIL"`
	SuperuserPassword      string `env:"SUPERUSER_PASSWORD"`
	AuditReads             string `env:"AUDIT_READS"`
	AuditRetention         string `env:"AUDIT_RETENTION"`
	SuperuserNetworks      string `env:"SUPERUSER_NETWORKS"`
	SuperuserMFA           string `env:"SUPERUSER_MFA"`
	BackupCron             string `env:"BACKUP_CRON"`
	BackupKeep             string `env:"BACKUP_KEEP"`
	BackupURL              string `env:"BACKUP_URL"`
	ReplicaURL             string `env:"REPLICA_URL"`
	AWSAccessKeyID         string `env:"AWS_ACCESS_KEY_ID"`
	AWSSecretAccessKey     string `env:"AWS_SECRET_ACCESS_KEY"`
	SQLiteSynchronous      string `env:"SQLITE_SYNCHRONOUS"`
	DatabaseURL            string `env:"DATABASE_URL"`
	PGDirectURL            string `env:"PG_DIRECT_URL"`
	PGDatabase             string `env:"PG_DB"`
	PGUser                 string `env:"PG_USER"`
	PGPassword             string `env:"PG_PASSWORD"`
	PGHost                 string `env:"PG_HOST"`
	PGPort                 string `env:"PG_PORT"`
	PGSSLMode              string `env:"PG_SSLMODE"`
	PGMaxConns             string `env:"PG_MAX_CONNS"`
}

// Load reads .env in the working directory and the environment, which wins.
// Its error lists every problem, one a line.
func Load() (*Config, error) {
	environment, err := godotenv.Read(".env")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		var unreadable *fs.PathError
		if errors.As(err, &unreadable) {
			return nil, fmt.Errorf(".env cannot be read: %w", unreadable.Err)
		}
		return nil, errors.New(".env cannot be read: each line must be NAME=value, or empty, or a # comment")
	}
	if environment == nil {
		environment = map[string]string{}
	}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		environment[name] = value
	}
	return Parse(environment)
}

// Parse validates an environment. Its error lists every problem, one a line.
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
		AccessTokenLifetime:    v.lifetime("ACCESS_TOKEN_LIFETIME", raw.AccessTokenLifetime, 30*time.Minute),
		RefreshTokenLifetime:   v.lifetime("REFRESH_TOKEN_LIFETIME", raw.RefreshTokenLifetime, 168*time.Hour),
		RotateRefreshTokens:    v.boolean("ROTATE_REFRESH_TOKENS", raw.RotateRefreshTokens),
		BlacklistAfterRotation: v.boolean("BLACKLIST_AFTER_ROTATION", raw.BlacklistAfterRotation),
		DoctorsScope:           v.doctorsScope("DOCTORS_SCOPE", raw.DoctorsScope),
		AuditReads:             v.auditReads("AUDIT_READS", raw.AuditReads),
		AuditRetention:         v.retention("AUDIT_RETENTION", raw.AuditRetention),
		SQLiteSynchronous:      v.sqliteSynchronous("SQLITE_SYNCHRONOUS", raw.SQLiteSynchronous),
	}
	config.MetricsAddr = v.listenAddress("METRICS_ADDR", raw.MetricsAddr, "127.0.0.1:9464")
	config.SecretKey = v.secretKey("SECRET_KEY", raw.SecretKey, config.Debug)
	config.SuperuserEmail, config.SuperuserPassword = v.superuser(raw.SuperuserEmail, raw.SuperuserPassword)
	config.RegistrationClosed = v.registrationClosed("REGISTRATION", raw.Registration)
	config.SuperuserNetworks = v.networks("SUPERUSER_NETWORKS", raw.SuperuserNetworks)
	config.SuperuserMFA = v.boolean("SUPERUSER_MFA", raw.SuperuserMFA)
	config.PostgreSQL = v.postgreSQL(raw)
	config.Throttle = v.throttle(raw)
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
