package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
)

// examine runs "doctor" and returns its lines and its status.
func examine(t *testing.T, storage storage, environment []string) (lines string, status int) {
	t.Helper()
	carebase := command(t, storage.directory, append(environment, storage.environment()...), "doctor")
	var output, failure bytes.Buffer
	carebase.Stdout, carebase.Stderr = &output, &failure
	_ = carebase.Run() // the status tells
	if strings.Contains(output.String()+failure.String(), "hush") {
		t.Errorf("a secret is shown: %s%s", &output, &failure)
	}
	return output.String(), carebase.ProcessState.ExitCode()
}

// TestDoctor examines a deployment that is well, and what can be wrong with one.
func TestDoctor(t *testing.T) {
	t.Parallel()
	storage := newStorage(t)
	onSQLite := storage.database.URL == ""
	heads := filepath.Join(storage.directory, "heads.jsonl")
	environment := append([]string{"SECRET_KEY=hush-hush-hush-hush-hush-hush-hush-hush", "ALLOWED_HOSTS=clinic.example.com",
		"CORS_ALLOWED_ORIGINS=https://clinic.example.com", "SUPERUSER_NETWORKS=127.0.0.1", "AUDIT_HEADS_URL=" + heads}, operator...)
	nothing := storage
	nothing.directory = t.TempDir()
	if lines, status := examine(t, nothing, environment); onSQLite && (status != 1 || !strings.Contains(lines, "WRONG  database       there is none yet")) {
		t.Errorf("of nothing: got %d %s", status, lines)
	}
	if onSQLite {
		environment = append(environment, "BACKUP_CRON=0 3 * * *")
	}
	storage.serve(t, environment...).end(t) // which writes the heads
	server := storage.serve(t, environment...)
	running := append(environment, "HTTP_ADDR="+strings.TrimPrefix(server.URL, "http://"))
	if onSQLite {
		succeeds(t, storage.directory, environment, "backup", "create")
	}
	lines, status := examine(t, storage, running)
	if status != 0 || strings.Contains(lines, "WRONG") || !strings.Contains(lines, "and is ready") {
		t.Errorf("of a running server: got %d %s", status, lines)
	}
	server.end(t)
	for _, subject := range []string{"database", "migrations", "schema", "superusers", "clock", "audit trail"} {
		if !strings.Contains(lines, "ok     "+subject) {
			t.Errorf("%s: got %s", subject, lines)
		}
	}

	execute := func(statements ...string) {
		storage.use(t, func(database *dbx.DB) error {
			for _, statement := range statements {
				if _, err := database.NewQuery(statement).Execute(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, test := range []struct {
		want        string
		onSQLite    bool
		environment []string
		damage      func()
	}{
		{"WRONG  configuration  DEBUG prints health data", false, []string{"DEBUG=True"}, func() {}},
		{"WRONG  configuration  THROTTLE=False", false, []string{"THROTTLE=False"}, func() {}},
		{"WRONG  configuration  API_RESOURCES: /api/patients/ is an endpoint already", false, []string{"API_RESOURCES=patients"}, func() {}},
		{"note   schema         there is no collection visits, which API_RESOURCES names", false, []string{"API_RESOURCES=visits", "DEBUG=True"}, func() {}},
		{"WRONG  replica        nothing is replicated to REPLICA_URL: ", true, []string{"REPLICA_URL=file://" + filepath.Join(storage.directory, "unmounted")}, func() {}},
		{"WRONG  directory      other users have access to 1 files", true, nil, func() { chmod(t, storage, "data.db", 0o644) }},
		{"WRONG  backups        the newest is of 2001-", true, nil, func() { agedBackups(t, storage) }},
		{"WRONG  mail           the mail server does not answer", false, nil, func() {
			execute(`UPDATE _params SET value = replace(value, '"smtp":{"enabled":false,"port":587,"host":"smtp.example.com"', '"smtp":{"enabled":true,"port":1,"host":"127.0.0.1"')`)
		}},
		{"WRONG  audit trail", false, nil, func() { execute("DELETE FROM audit_log") }},
		{"WRONG  superusers     there is none", false, nil, func() { execute("DELETE FROM _superusers") }},
		{"WRONG  schema         the schema of the database is broken", false, nil, func() { execute("UPDATE _collections SET name = 'pats' WHERE name = 'patients'") }},
		{"WRONG  migrations     1 are pending", false, nil, func() { execute("DELETE FROM _migrations WHERE file = '1766000200_numeric_ids.go'") }},
	} {
		if test.onSQLite && !onSQLite {
			continue
		}
		test.damage()
		lines, status := examine(t, storage, append(environment, test.environment...))
		if status != 1 || !strings.Contains(lines, test.want) {
			t.Errorf("want %s: got %d %s", test.want, status, lines)
		}
	}
	if !onSQLite {
		return
	}
	if info, err := os.Stat(filepath.Join(storage.directory, "pb_data", "data.db")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the permissions of the database were changed: %v (%v)", info.Mode(), err)
	}
	restoreAsAdvised(t, storage, environment)
}

// restoreAsAdvised damages the database, and follows the advice of "doctor".
func restoreAsAdvised(t *testing.T, storage storage, environment []string) {
	t.Helper()
	name := filepath.Join(storage.directory, "pb_data", "data.db")
	if err := os.WriteFile(name, bytes.Repeat([]byte("damaged "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	lines, status := examine(t, storage, environment)
	_, advice, _ := strings.Cut(lines, "then carebase ")
	advice, _, found := strings.Cut(advice, ", which keeps")
	if status != 1 || !strings.Contains(lines, "WRONG  database       pb_data/data.db is not a SQLite database or is damaged") || !found {
		t.Fatalf("of a damaged database: got %d %s", status, lines)
	}
	succeeds(t, storage.directory, environment, strings.Fields(advice)...)
	if lines, _ := examine(t, storage, environment); !strings.Contains(lines, "ok     database") {
		t.Errorf("after the restore: got %s", lines)
	}
}

func chmod(t *testing.T, storage storage, name string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(filepath.Join(storage.directory, "pb_data", name), mode); err != nil {
		t.Fatal(err)
	}
}

// agedBackups makes all backups many years old.
func agedBackups(t *testing.T, storage storage) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(storage.directory, "pb_data", "backups", "*.zip"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	then := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range names {
		if err := os.Chtimes(name, then, then); err != nil {
			t.Fatal(err)
		}
	}
}
