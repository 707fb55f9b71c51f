package sqlite

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // the tables of a new database

	"carebase/internal/config"
)

// TestInvalidFilesAreNotChanged starts on files that Carebase must not touch,
// and on some that it may.
func TestInvalidFilesAreNotChanged(t *testing.T) {
	sound := database(t)
	damaged := bytes.Clone(sound)
	for i := len(damaged) / 2; i < len(damaged)/2+8192; i++ {
		damaged[i] ^= 0x5a
	}
	headless := bytes.Clone(sound)
	copy(headless, "SQLite format 4")
	for _, test := range []struct {
		name    string
		content []byte
		want    string
	}{
		{"an empty file", []byte{}, ""},
		{"sound", sound, ""},
		{"text", []byte("a letter"), "is not a SQLite database"},
		{"short", []byte("SQLi"), "is not a SQLite database"},
		{"another format", headless, "is not a SQLite database"},
		{"a damaged page", damaged, "is damaged"},
		{"a half", sound[:len(sound)/2], "is damaged"},
		{"the first page only", sound[:100], "is damaged"},
		{"another program's", foreign(t), "belongs to another program"},
	} {
		for _, file := range files {
			t.Run(test.name+" as "+file, func(t *testing.T) {
				directory := t.TempDir()
				path := filepath.Join(directory, file)
				if err := os.WriteFile(path, test.content, 0o600); err != nil {
					t.Fatal(err)
				}
				app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory, DBConnect: Connect})
				Bind(app)
				err := app.Bootstrap()
				if test.want == "" {
					if err != nil {
						t.Errorf("got %v", err)
					}
					if err := app.ResetBootstrapState(); err != nil {
						t.Error(err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want %q", err, test.want)
				}
				after, err := os.ReadFile(path)
				if err != nil || sha256.Sum256(after) != sha256.Sum256(test.content) {
					t.Errorf("the file has changed: %v", err)
				}
				if beside, err := os.ReadDir(directory); err != nil || len(beside) != 1 {
					t.Errorf("files in the directory: %v, %v", beside, err)
				}
			})
		}
	}
}

// TestHeldFilesAreNotDamaged starts on a file that another process has locked.
func TestHeldFilesAreNotDamaged(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, files[0])
	if err := os.WriteFile(path, database(t), 0o600); err != nil {
		t.Fatal(err)
	}
	other, err := Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.DB().SetMaxOpenConns(1)
	for _, statement := range []string{"PRAGMA locking_mode = EXCLUSIVE", "CREATE TABLE held (id)"} {
		if _, err := other.NewQuery(statement).Execute(); err != nil {
			t.Fatal(err)
		}
	}
	if err := check(path); err == nil || !strings.Contains(err.Error(), "another process holds the database in "+directory) {
		t.Errorf("got %v", err)
	}
}

// database returns the contents of a database file made by PocketBase.
func database(t *testing.T) []byte {
	t.Helper()
	directory := t.TempDir()
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory, DBConnect: Connect})
	if err := app.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	if err := app.RunAllMigrations(); err != nil {
		t.Fatal(err)
	}
	if err := app.ResetBootstrapState(); err != nil {
		t.Fatal(err)
	}
	return content(t, filepath.Join(directory, mainFile))
}

// foreign returns the contents of another program's database file.
func foreign(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "foreign.db")
	db, err := Connect(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.NewQuery("CREATE TABLE orders (id INTEGER)").Execute(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return content(t, path)
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	read, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestSynchronous(t *testing.T) {
	for _, test := range []struct {
		synchronous config.SQLiteSynchronous
		file        string
		want        int
	}{{config.SynchronousFull, mainFile, 2}, {config.SynchronousNormal, mainFile, 1}, {config.SynchronousFull, logFile, 1}} {
		db, err := ConnectFunc(test.synchronous)(filepath.Join(t.TempDir(), test.file))
		if err != nil {
			t.Fatal(err)
		}
		var got int
		if err := db.NewQuery("PRAGMA synchronous").Row(&got); err != nil || got != test.want {
			t.Errorf("%s, %s: got %d, %v", test.synchronous, test.file, got, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTransactionsOfTwoProcessesAreSerialized reads and then writes in one
// transaction, while another process wants to write.
func TestTransactionsOfTwoProcessesAreSerialized(t *testing.T) {
	path := filepath.Join(t.TempDir(), mainFile)
	open := func() *dbx.DB {
		db, err := Connect(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		return db
	}
	one, other := open(), open()
	if _, err := one.NewQuery("CREATE TABLE counts (n INTEGER)").Execute(); err != nil {
		t.Fatal(err)
	}
	written := make(chan error, 1)
	err := one.Transactional(func(tx *dbx.Tx) error {
		var count int
		if err := tx.NewQuery("SELECT count(*) FROM counts").Row(&count); err != nil {
			return err
		}
		go func() {
			_, err := other.NewQuery("INSERT INTO counts VALUES (1)").Execute()
			written <- err
		}()
		select {
		case err := <-written:
			t.Errorf("the other process did not wait: %v", err)
		case <-time.After(100 * time.Millisecond):
		}
		_, err := tx.NewQuery("INSERT INTO counts VALUES (2)").Execute()
		return err
	})
	if err := errors.Join(err, <-written); err != nil {
		t.Error(err)
	}
}
