package monitoring

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // the table of logs
)

// loggedApp is an app with a logger of the test's.
type loggedApp struct {
	core.App
	logger *slog.Logger
}

func (a loggedApp) Logger() *slog.Logger { return a.logger }

// TestStoredLogIsBounded queues more rows than may wait: the surplus is dropped, and
// the log says how many that were, once.
func TestStoredLogIsBounded(t *testing.T) {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: t.TempDir()})
	if err := app.Bootstrap(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := app.ResetBootstrapState(); err != nil {
			t.Error(err)
		}
	}()
	if err := app.RunSystemMigrations(); err != nil {
		t.Fatal(err)
	}
	var notices bytes.Buffer
	log := &storedLog{app: loggedApp{app, slog.New(slog.NewTextHandler(&notices, nil))}, insert: "INSERT INTO"}
	const surplus = 5
	for range maxStoredWaiting + surplus {
		log.add(storedRow{at: time.Now(), message: "GET /", data: "{}"})
	}
	if len(log.waiting) != maxStoredWaiting || log.dropped != surplus {
		t.Errorf("%d wait, %d dropped", len(log.waiting), log.dropped)
	}
	log.storeWaiting()
	log.storeWaiting()
	var stored int
	if err := app.AuxDB().Select("count(*)").From(core.LogsTableName).Where(dbx.HashExp{"message": "GET /"}).Row(&stored); err != nil {
		t.Fatal(err)
	}
	if stored != maxStoredWaiting {
		t.Errorf("%d rows are stored", stored)
	}
	if said := notices.String(); strings.Count(said, "dropped 5 rows of the request log") != 1 || strings.Count(said, "\n") != 1 {
		t.Errorf("the log says %q", said)
	}
}
