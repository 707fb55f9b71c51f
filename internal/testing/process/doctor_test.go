package process

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/sqlite"
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
		{": take users out of API_RESOURCES: the server does not start with it", false, []string{"API_RESOURCES=users"}, func() {}},
		{"note   schema         there is no collection visits, which API_RESOURCES names", false, []string{"API_RESOURCES=visits", "DEBUG=True"}, func() {}},
		{"WRONG  replica        nothing is replicated to REPLICA_URL: ", true, []string{"REPLICA_URL=file://" + filepath.Join(storage.directory, "unmounted")}, func() {}},
		{"WRONG  audit trail    the archive cannot be used: stat ", false, []string{"AUDIT_ARCHIVE_URL=" + filepath.Join(storage.directory, "unmounted")}, func() {}},
		{"WRONG  audit trail    the heads at AUDIT_HEADS_URL cannot be read: stat ", false, []string{"AUDIT_HEADS_URL=" + filepath.Join(storage.directory, "unmounted", "heads.jsonl")}, func() {}},
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

// TestDoctorAdvice examines SQLite deployments in which bad advice would lose data, or help nobody.
func TestDoctorAdvice(t *testing.T) {
	t.Parallel()
	storage := storage{directory: migrated(t)}
	data := filepath.Join(storage.directory, "pb_data")
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	environment := []string{"REPLICA_URL=file://" + t.TempDir(), "HTTP_ADDR=" + strings.TrimPrefix(other.URL, "http://")}
	serve(t, storage.directory, environment[:1]).end(t)
	backups := filepath.Join(data, "backups")
	if err := os.RemoveAll(backups); err != nil {
		t.Fatal(err)
	}
	var holder *dbx.DB
	for _, test := range []struct {
		name     string
		prepare  func() error
		want     []string
		unwanted string
	}{
		{"a replica only", func() error { return nil }, []string{"WRONG  server         something else than this server answers at 127.0.0.1:", "note   backups        there is none and no schedule", "ok     database"}, "start it"},
		{"backups that cannot be read", func() error {
			if _, err := os.Stat(backups); !os.IsNotExist(err) {
				t.Errorf("a directory for backups was made: %v", err)
			}
			return os.WriteFile(backups, nil, 0o600)
		}, []string{"WRONG  backups        they cannot be read: "}, "there is none and"},
		{"a view in API_RESOURCES", func() error {
			environment = append(environment, "API_RESOURCES=seen")
			storage.use(t, func(database *dbx.DB) error {
				_, err := database.NewQuery("INSERT INTO _collections (id, name, type, system, fields, indexes, options) VALUES ('seen', 'seen', 'view', 0, '[]', '[]', '{}')").Execute()
				return err
			})
			return nil
		}, []string{"WRONG  schema         the collection seen is of the type view", ": take seen out of API_RESOURCES"}, "migrate down"},
		{"a database that another process holds", func() (err error) {
			if holder, err = sqlite.Connect(filepath.Join(data, "data.db")); err != nil {
				return err
			}
			holder.DB().SetMaxOpenConns(1)
			for _, statement := range []string{"PRAGMA locking_mode = EXCLUSIVE", "UPDATE _collections SET updated = updated"} {
				if _, err := holder.NewQuery(statement).Execute(); err != nil {
					return err
				}
			}
			return nil
		}, []string{"WRONG  database       another process holds it", ": end that process, or wait"}, "restore"},
		{"a damaged database and an encrypted backup", func() error {
			encrypted := filepath.Join(backups, "newest.zip.age")
			return errors.Join(holder.Close(), os.Remove(backups), os.Mkdir(backups, 0o700), os.WriteFile(encrypted, []byte("age"), 0o600), os.Truncate(filepath.Join(data, "data.db"), 8192))
		}, []string{"WRONG  database       ", "carebase backup restore newest.zip.age --identity FILE --force"}, ""},
		{"an emptied database", func() error { return os.Truncate(filepath.Join(data, "data.db"), 0) },
			[]string{"WRONG  database       ", "carebase backup restore newest.zip.age"}, ""},
		{"a database that was removed", func() error { return errors.Join(os.RemoveAll(backups), os.Remove(filepath.Join(data, "data.db"))) },
			[]string{"WRONG  database       files were removed: pb_data/auxiliary.db exists", "restore a backup or the replica"}, "carebase serve"},
		{"a data directory that was emptied", func() error { return os.RemoveAll(data) }, []string{"WRONG  database       ", "restore that one"}, "carebase serve"},
	} {
		if err := test.prepare(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		lines, status := examine(t, storage, environment)
		for _, want := range test.want {
			if status != 1 || !strings.Contains(lines, want) {
				t.Errorf("%s: want %s: got %d %s", test.name, want, status, lines)
			}
		}
		if test.unwanted != "" && strings.Contains(lines, test.unwanted) {
			t.Errorf("%s: unwanted %s: %s", test.name, test.unwanted, lines)
		}
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
