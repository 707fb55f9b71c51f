package config_test

import (
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"carebase/internal/config"
)

func TestDefaults(t *testing.T) {
	got, err := config.Parse(map[string]string{"SECRET_KEY": "", "PG_USER": "somebody", "UNRELATED": "x"})
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		HTTPAddr: "127.0.0.1:8000", DataDir: "pb_data", DoctorsScope: config.DoctorsGlobal,
		AccessTokenLifetime: 30 * time.Minute, RefreshReuseGrace: 10 * time.Second, RefreshTokenLifetime: 7 * 24 * time.Hour,
		AuditReads: config.AuditReadsBatched, AuditRetention: 2192 * 24 * time.Hour, AuditSealAfter: 24 * time.Hour,
		AuditHeads:        config.AuditHeads{Interval: 10 * time.Minute},
		SQLiteSynchronous: config.SynchronousFull,
		Throttle: &config.Throttle{
			Login: config.Rate{Requests: 600, Period: time.Minute}, FailedLogin: config.Rate{Requests: 100, Period: time.Minute},
			Register: config.Rate{Requests: 600, Period: time.Minute}, User: config.Rate{Requests: 120_000, Period: time.Minute},
		},
		Realtime: config.Realtime{MaxSubscriptions: 50, MaxClients: 20},
		Backup:   config.Backup{Keep: 7},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEverythingSet(t *testing.T) {
	got, err := config.Parse(map[string]string{
		"SECRET_KEY": strings.Repeat("é", 32), "DEBUG": "False", "ALLOWED_HOSTS": "a.example, .B.example,*,127.0.0.1,[::1]",
		"CORS_ALLOWED_ORIGINS": "https://a.example,http://localhost:3000", "HTTP_ADDR": ":9000", "PORT": "1", "DATA_DIR": "/srv/x",
		"ACCESS_TOKEN_LIFETIME": "90s", "REFRESH_TOKEN_LIFETIME": "1h", "ROTATE_REFRESH_TOKENS": "yes", "REFRESH_REUSE_GRACE": "0", "BLACKLIST_AFTER_ROTATION": "1",
		"TRUSTED_PROXIES": "10.1.2.3/8, ::1", "SUPERUSER_NETWORKS": "192.0.2.7", "SUPERUSER_MFA": "True", "THROTTLE_LOGIN": "10/s", "THROTTLE_FAILED_LOGIN": "20/min", "THROTTLE_REGISTER": "30/hour", "THROTTLE_USER": "40/d", "REALTIME_MAX_SUBSCRIPTIONS": "7", "REALTIME_MAX_CLIENTS": "8", "DOCTORS_SCOPE": "owner", "SUPERUSER_EMAIL": "a@b.example", "SUPERUSER_PASSWORD": "long enough",
		"AUDIT_READS": "sync", "AUDIT_RETENTION": "30d", "AUDIT_SEAL_AFTER": "36h", "AUDIT_HEADS_INTERVAL": "30s", "AUDIT_HEADS_URL": "file:///srv/heads.jsonl", "SQLITE_SYNCHRONOUS": "normal", "BACKUP_CRON": "0 3 * * *", "BACKUP_KEEP": "30",
		"BACKUP_URL": "s3://clinic?endpoint=http://localhost:9&region=r&path-style=true", "REPLICA_URL": "file:///srv/replica", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		SecretKey: strings.Repeat("é", 32), AllowedHosts: []string{"a.example", ".b.example", "*", "127.0.0.1", "::1"},
		CORSAllowedOrigins: []string{"https://a.example", "http://localhost:3000"}, HTTPAddr: ":9000", DataDir: "/srv/x", DataDirIsSet: true,
		AccessTokenLifetime: 90 * time.Second, RefreshTokenLifetime: time.Hour, RefreshReuseGrace: 0, RotateRefreshTokens: true, BlacklistAfterRotation: true,
		Throttle: &config.Throttle{
			Login: config.Rate{Requests: 10, Period: time.Second}, FailedLogin: config.Rate{Requests: 20, Period: time.Minute},
			Register: config.Rate{Requests: 30, Period: time.Hour}, User: config.Rate{Requests: 40, Period: 24 * time.Hour},
		},
		Realtime:          config.Realtime{MaxSubscriptions: 7, MaxClients: 8},
		SuperuserNetworks: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32")}, SuperuserMFA: true,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		DoctorsScope:   config.DoctorsOwner, SuperuserEmail: "a@b.example", SuperuserPassword: "long enough",
		AuditReads: config.AuditReadsSync, AuditRetention: 30 * 24 * time.Hour, AuditSealAfter: 36 * time.Hour,
		AuditHeads:        config.AuditHeads{Interval: 30 * time.Second, Place: &config.HeadsPlace{File: "/srv/heads.jsonl"}, AccessKeyID: "key", SecretAccessKey: "secret"},
		SQLiteSynchronous: config.SynchronousNormal,
		Backup: config.Backup{Cron: "0 3 * * *", Keep: 30, Replica: &config.Replica{Directory: "/srv/replica"}, S3: &config.Bucket{
			Name: "clinic", Region: "r", Endpoint: "http://localhost:9", AccessKey: "key", Secret: "secret", ForcePathStyle: true,
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestBooleans(t *testing.T) {
	for value, want := range map[string]bool{
		"True": true, "true": true, "TRUE": true, "1": true, "yes": true, "Yes": true,
		"False": false, "false": false, "0": false, "no": false, "": false,
	} {
		got, err := config.Parse(map[string]string{"DEBUG": value})
		if err != nil || got.Debug != want {
			t.Errorf("%q: got %v, %v", value, got, err)
		}
	}
}

func TestWhatCannotBeUnderstood(t *testing.T) {
	for _, test := range []struct{ name, value, shown string }{
		{"DEBUG", "maybe", `DEBUG is "maybe"`},
		{"REFRESH_REUSE_GRACE", "6m", `REFRESH_REUSE_GRACE is "6m"`},
		{"REFRESH_REUSE_GRACE", "-1s", `REFRESH_REUSE_GRACE is "-1s"`},
		{"ROTATE_REFRESH_TOKENS", "2", `ROTATE_REFRESH_TOKENS is "2"`},
		{"BLACKLIST_AFTER_ROTATION", "on", `BLACKLIST_AFTER_ROTATION is "on"`},
		{"SECRET_KEY", "hush-hush", "SECRET_KEY must be at least 32 characters"},
		{"ALLOWED_HOSTS", "http://a.example", `ALLOWED_HOSTS is "http://a.example"`},
		{"ALLOWED_HOSTS", "a.example:8000", `ALLOWED_HOSTS is "a.example:8000"`},
		{"ALLOWED_HOSTS", "*.example", `ALLOWED_HOSTS is "*.example"`},
		{"CORS_ALLOWED_ORIGINS", "a.example", `CORS_ALLOWED_ORIGINS is "a.example"`},
		{"CORS_ALLOWED_ORIGINS", "https://a.example/", `CORS_ALLOWED_ORIGINS is "https://a.example/"`},
		{"HTTP_ADDR", "8000", `HTTP_ADDR is "8000"`},
		{"HTTP_ADDR", "127.0.0.1:99999", `HTTP_ADDR is "127.0.0.1:99999"`},
		{"METRICS_ADDR", "9464", `METRICS_ADDR is "9464"; it must be host:port`},
		{"PORT", "http", `PORT is "http"`},
		{"ACCESS_TOKEN_LIFETIME", "30", `ACCESS_TOKEN_LIFETIME is "30"`},
		{"ACCESS_TOKEN_LIFETIME", "-1h", `ACCESS_TOKEN_LIFETIME is "-1h"`},
		{"REFRESH_TOKEN_LIFETIME", "a week", `REFRESH_TOKEN_LIFETIME is "a week"`},
		{"DOCTORS_SCOPE", "all", `DOCTORS_SCOPE is "all"`},
		{"REGISTRATION", "Closed", `REGISTRATION is "Closed"`},
		{"SUPERUSER_EMAIL", "a@b.example", "SUPERUSER_PASSWORD must be at least 8 characters"},
		{"SUPERUSER_PASSWORD", "hush-hush", "SUPERUSER_EMAIL must be set"},
		{"SUPERUSER_NETWORKS", "office", `SUPERUSER_NETWORKS is "office"`},
		{"THROTTLE", "maybe", `THROTTLE is "maybe"`},
		{"REALTIME_MAX_SUBSCRIPTIONS", "1001", `REALTIME_MAX_SUBSCRIPTIONS is "1001"`},
		{"REALTIME_MAX_CLIENTS", "0", `REALTIME_MAX_CLIENTS is "0"`},
		{"THROTTLE_LOGIN", "0/min", `THROTTLE_LOGIN is "0/min"`},
		{"THROTTLE_USER", "600", `THROTTLE_USER is "600"`},
		{"THROTTLE_REGISTER", "600/week", `THROTTLE_REGISTER is "600/week"`},
		{"TRUSTED_PROXIES", "10.0.0.0/33", `TRUSTED_PROXIES is "10.0.0.0/33"`},
		{"SQLITE_SYNCHRONOUS", "OFF", `SQLITE_SYNCHRONOUS is "OFF"; it must be FULL or NORMAL`},
		{"AUDIT_READS", "never", `AUDIT_READS is "never"`},
		{"AUDIT_RETENTION", "0d", `AUDIT_RETENTION is "0d"`},
		{"AUDIT_RETENTION", "forever", `AUDIT_RETENTION is "forever"`},
		{"AUDIT_RETENTION", "99999999999999d", `AUDIT_RETENTION is "99999999999999d"`},
		{"AUDIT_SEAL_AFTER", "0d", `AUDIT_SEAL_AFTER is "0d"`},
		{"AUDIT_SEAL_AFTER", "5m", `AUDIT_SEAL_AFTER is "5m"`},
		{"AUDIT_ONLINE", "10m", `AUDIT_ONLINE is "10m"`},
		{"AUDIT_ONLINE", "-1d", `AUDIT_ONLINE is "-1d"`},
		{"AUDIT_ARCHIVE_URL", "pb_data/archive", `AUDIT_ARCHIVE_URL is "pb_data/archive"; it must be outside DATA_DIR`},
		{"AUDIT_ARCHIVE_URL", "s3://hush-hush@clinic/trail", "AUDIT_ARCHIVE_URL must be a path"},
		{"AUDIT_HEADS_INTERVAL", "10", `AUDIT_HEADS_INTERVAL is "10"`},
		{"AUDIT_HEADS_INTERVAL", "48h", `AUDIT_HEADS_INTERVAL is "48h"`},
		{"AUDIT_HEADS_URL", "file://srv/heads", "AUDIT_HEADS_URL must be a path"},
		{"AUDIT_HEADS_URL", "s3://hush-hush@clinic/heads", "AUDIT_HEADS_URL must be a path"},
		{"BACKUP_CRON", "daily", `BACKUP_CRON is "daily"`},
		{"BACKUP_KEEP", "0", `BACKUP_KEEP is "0"`},
		{"BACKUP_URL", "s3://clinic", "BACKUP_URL must be s3://bucket"},
		{"REPLICA_URL", "file://srv/replica", "REPLICA_URL must be file:///directory"},
		{"REPLICA_URL", "s3://hush-hush@clinic/replica", "REPLICA_URL must be file:///directory"},
		{"TRUSTED_PROXIES", "proxy.example", `TRUSTED_PROXIES is "proxy.example"`},
		{"ALLOWED_HOSTS", " , ", `ALLOWED_HOSTS is " , "`},
		{"DATABASE_URL", "mysql://root:hush-hush@localhost/healthcare", "DATABASE_URL must be like postgres://"},
		{"DATABASE_URL", "postgres://root:hush-hush@localhost/", "DATABASE_URL must be like postgres://"},
		{"DATABASE_URL", "postgres://root:hush-hush@local host:x/healthcare", "DATABASE_URL must be like postgres://"},
	} {
		_, err := config.Parse(map[string]string{test.name: test.value})
		if err == nil || !strings.HasPrefix(err.Error(), test.shown) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%s: got %v", test.name, test.value, err)
		}
		if err != nil && strings.Contains(err.Error(), "hush-hush") {
			t.Errorf("a secret is shown: %v", err)
		}
	}
}

func TestAuditArchive(t *testing.T) {
	environment := map[string]string{"AUDIT_ARCHIVE_URL": "file:///srv/trail", "AUDIT_ONLINE": "30d", "AUDIT_RETENTION": "31d"}
	got, err := config.Parse(environment)
	if err != nil || got.AuditArchive.Directory != "/srv/trail" || got.AuditArchive.S3 != nil || got.AuditArchive.Online != 30*24*time.Hour {
		t.Errorf("got %+v, %v", got, err)
	}
	environment["AUDIT_RETENTION"] = "30d"
	if _, err := config.Parse(environment); err == nil || !strings.Contains(err.Error(), "AUDIT_ONLINE is \"30d\"; it must be shorter than AUDIT_RETENTION") {
		t.Errorf("got %v", err)
	}
	got, err = config.Parse(map[string]string{"AUDIT_ARCHIVE_URL": "s3://clinic/trail/old", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"})
	if err != nil || got.AuditArchive.S3.Name != "clinic" || got.AuditArchive.Path != "trail/old" || got.AuditArchive.Directories() != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAuditHeads(t *testing.T) {
	for _, off := range []string{"0", "off", "OFF"} {
		if got, err := config.Parse(map[string]string{"AUDIT_HEADS_INTERVAL": off}); err != nil || got.AuditHeads.Interval != 0 {
			t.Errorf("%s: got %+v, %v", off, got, err)
		}
		if _, err := config.Parse(map[string]string{"AUDIT_HEADS_INTERVAL": off, "AUDIT_HEADS_URL": "heads.jsonl"}); err == nil {
			t.Errorf("%s: heads have a place and are never written", off)
		}
	}
	keys := map[string]string{"AUDIT_HEADS_URL": "s3://clinic/heads?endpoint=http://localhost:9", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
	got, err := config.Parse(keys)
	if err != nil || got.AuditHeads.Place.Path != "heads" || got.AuditHeads.Place.S3.Name != "clinic" {
		t.Errorf("got %+v, %v", got, err)
	}
	if place, err := got.AuditHeads.ParsePlace("s3://other"); err != nil || place.S3.Name != "other" || place.S3.Secret != "secret" {
		t.Errorf("got %+v, %v", place, err)
	}
	if place, err := got.AuditHeads.ParsePlace("logs/heads.jsonl"); err != nil || place.File != "logs/heads.jsonl" || place.S3 != nil {
		t.Errorf("got %+v, %v", place, err)
	}
}

func TestSuperuser(t *testing.T) {
	for _, test := range []struct{ email, password, shown string }{
		{"a@b", "long enough", `SUPERUSER_EMAIL is "a@b"`},
		{"a b@c.example", "long enough", `SUPERUSER_EMAIL is "a b@c.example"`},
		{"a@b.example", "ééééééé", "SUPERUSER_PASSWORD must be"},
		{"a@b.example", strings.Repeat("é", 36), "SUPERUSER_PASSWORD must be"},
		{"a@b.example", strings.Repeat("é", 35), ""},
	} {
		_, err := config.Parse(map[string]string{"SUPERUSER_EMAIL": test.email, "SUPERUSER_PASSWORD": test.password})
		if (err == nil) != (test.shown == "") || err != nil && !strings.HasPrefix(err.Error(), test.shown) {
			t.Errorf("%s, %s: got %v", test.email, test.password, err)
		}
	}
}

func TestPostgreSQL(t *testing.T) {
	for _, test := range []struct {
		name        string
		environment map[string]string
		want        *config.PostgreSQL
		problem     string
	}{
		{"nothing", map[string]string{"PG_USER": "somebody", "PG_PORT": "x"}, nil, ""},
		{"defaults", map[string]string{"PG_DB": "healthcare"},
			&config.PostgreSQL{Host: "localhost", Port: "5432", Database: "healthcare", MaxConnections: 30}, ""},
		{"everything", map[string]string{"PG_DB": "healthcare", "PG_USER": "u", "PG_PASSWORD": "p", "PG_HOST": "db.example", "PG_PORT": "6543", "PG_SSLMODE": "verify-full", "PG_MAX_CONNS": "80"},
			&config.PostgreSQL{Host: "db.example", Port: "6543", Database: "healthcare", User: "u", Password: "p", SSLMode: "verify-full", MaxConnections: 80}, ""},
		{"a URL", map[string]string{"DATABASE_URL": "postgresql://u:p@db.example/healthcare", "PG_MAX_CONNS": "6"},
			&config.PostgreSQL{URL: "postgresql://u:p@db.example/healthcare", MaxConnections: 6}, ""},
		{"a pooler", map[string]string{"PG_DB": "healthcare", "PG_PORT": "6432", "PG_DIRECT_URL": "postgres://u:p@db.example/healthcare"},
			&config.PostgreSQL{DirectURL: "postgres://u:p@db.example/healthcare", Host: "localhost", Port: "6432", Database: "healthcare", MaxConnections: 30}, ""},
		{"what lies behind no pooler", map[string]string{"PG_DIRECT_URL": "postgres://u:hush@db.example/healthcare"}, nil, "PG_DIRECT_URL must be unset unless"},
		{"a replica", map[string]string{"PG_DB": "healthcare", "PG_REPLICA_URL": "postgres://u:p@db2.example/healthcare"},
			&config.PostgreSQL{ReplicaURL: "postgres://u:p@db2.example/healthcare", Host: "localhost", Port: "5432", Database: "healthcare", MaxConnections: 30}, ""},
		{"a replica of nothing", map[string]string{"PG_REPLICA_URL": "postgres://u:hush@db.example/healthcare"}, nil, "PG_REPLICA_URL must be unset unless"},
		{"a replica that is no URL", map[string]string{"PG_DB": "healthcare", "PG_REPLICA_URL": "hush"}, nil, "PG_REPLICA_URL must be like"},
		{"two replicas", map[string]string{"PG_DB": "healthcare", "PG_REPLICA_URL": "postgres://u:hush@a,b/healthcare"}, nil, "PG_REPLICA_URL must be the URL of one host"},
		{"a pooler that is no URL", map[string]string{"PG_DB": "healthcare", "PG_DIRECT_URL": "hush"}, nil, "PG_DIRECT_URL must be like"},
		{"both", map[string]string{"DATABASE_URL": "postgres://db.example/healthcare", "PG_DB": "healthcare"}, nil, `PG_DB is "healthcare"`},
		{"a port", map[string]string{"PG_DB": "healthcare", "PG_PORT": "0"}, nil, `PG_PORT is "0"`},
		{"several hosts", map[string]string{"PG_DB": "healthcare", "PG_HOST": "one,two", "PG_PORT": "5432,5433", "PG_TARGET_SESSION_ATTRS": "read-write"},
			&config.PostgreSQL{Host: "one,two", Port: "5432,5433", Database: "healthcare", TargetSessionAttrs: "read-write", MaxConnections: 30}, ""},
		{"more ports than hosts", map[string]string{"PG_DB": "healthcare", "PG_HOST": "one,two", "PG_PORT": "1,2,3"}, nil, `PG_PORT is "1,2,3"; it must be one port, or one for each of the 2 hosts of PG_HOST`},
		{"a missing host", map[string]string{"PG_DB": "healthcare", "PG_HOST": "one,"}, nil, `PG_HOST is "one,"`},
		{"standbys", map[string]string{"PG_DB": "healthcare", "PG_TARGET_SESSION_ATTRS": "standby"}, nil, `PG_TARGET_SESSION_ATTRS is "standby"`},
		{"a mode", map[string]string{"PG_DB": "healthcare", "PG_SSLMODE": "on"}, nil, `PG_SSLMODE is "on"`},
		{"too few connections", map[string]string{"PG_DB": "healthcare", "PG_MAX_CONNS": "5"}, nil, `PG_MAX_CONNS is "5"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := config.Parse(test.environment)
			if test.problem != "" {
				if err == nil || !strings.HasPrefix(err.Error(), test.problem) || strings.Contains(err.Error(), "hush") {
					t.Errorf("got %v, want %s", err, test.problem)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.PostgreSQL, test.want) {
				t.Errorf("got %+v, want %+v", got.PostgreSQL, test.want)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := config.Parse(map[string]string{
		"DEBUG": "maybe", "SECRET_KEY": "short", "PORT": "x", "DOCTORS_SCOPE": "none", "PG_DB": "x", "PG_PORT": "x", "ACCESS_TOKEN_LIFETIME": "x",
	})
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, name := range []string{"DEBUG", "SECRET_KEY", "PORT", "DOCTORS_SCOPE", "PG_PORT", "ACCESS_TOKEN_LIFETIME"} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, name+" ") }) {
			t.Errorf("%s is missing in %q", name, lines)
		}
	}
	if len(lines) != 6 {
		t.Errorf("got %d lines: %q", len(lines), lines)
	}
}

func TestDotEnv(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, ".env", "# a comment\nDOCTORS_SCOPE=owner\nexport DEBUG=\"True\"\nACCESS_TOKEN_LIFETIME=1m\n")
	t.Setenv("ACCESS_TOKEN_LIFETIME", "2m")
	got, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}
	if got.DoctorsScope != config.DoctorsOwner || !got.Debug || got.AccessTokenLifetime != 2*time.Minute {
		t.Errorf("got %+v", got)
	}
	writeFile(t, ".env", "\ufeffDOCTORS_SCOPE=owner\r\nDEBUG=False\r\n") // as Windows' editor writes it
	if got, err = config.Load(); err != nil || got.DoctorsScope != config.DoctorsOwner {
		t.Errorf("with a byte order mark: got %+v, %v", got, err)
	}
	writeFile(t, ".env", "PORT=8000\nBACKUP_CRN=0 3 * * *\nDATADIR=x\n")
	if names, err := config.Misspelt(); err != nil || !slices.Equal(names, []string{"BACKUP_CRN", "DATADIR"}) {
		t.Errorf("misspelt: got %v, %v", names, err)
	}
	for content, line := range map[string]string{
		"SECRET_KEY='unfinished hush-hush\n":                      "line 1",
		"\ufeffHTTP_ADDR=:1\n\n# hush\nhush-hush 1\nDEBUG=True\n": "line 4",
		"A='two\nlines'\nhush-hush\n":                             "line 3",
		"DEBUG=True\n=hush-hush\n":                                "line 2",
	} {
		writeFile(t, ".env", content)
		if _, err := config.Load(); err == nil || !strings.HasPrefix(err.Error(), ".env, "+line+": ") || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: got %v", content, err)
		}
	}
}

func writeFile(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestBackupRecipient(t *testing.T) {
	const public = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
	for _, test := range []struct {
		value string
		valid bool
	}{
		{"", true},
		{public, true},
		{public + "\n" + public, false},
		{"AGE-SECRET-KEY-1QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ", false},
		{"hush-hush", false},
	} {
		got, err := config.Parse(map[string]string{"BACKUP_RECIPIENT": test.value})
		switch {
		case test.valid && (err != nil || (got.Backup.Recipient != nil) != (test.value != "")):
			t.Errorf("%q: got %v, %v", test.value, got, err)
		case !test.valid && (err == nil || !strings.HasPrefix(err.Error(), "BACKUP_RECIPIENT must be an age public key") || strings.Contains(err.Error(), "QQQ") || strings.Contains(err.Error(), "hush")):
			t.Errorf("%q: got %v", test.value, err)
		}
	}
	if _, err := config.Parse(map[string]string{"BACKUP_RECIPIENT": public, "PG_DB": "healthcare"}); err == nil || !strings.HasPrefix(err.Error(), "BACKUP_RECIPIENT must be unset with PostgreSQL") {
		t.Errorf("got %v", err)
	}
}
