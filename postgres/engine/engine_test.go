package engine_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/testapp"
	"carebase/internal/testpostgres"
)

func TestMain(m *testing.M) { testapp.Main(m) }

func TestWritersRunSideBySideOnceServed(t *testing.T) {
	testpostgres.Choose(t)
	server := testapp.New(t)
	writers, ok := server.App.NonconcurrentDB().(*dbx.DB)
	if !ok {
		t.Fatalf("got %T", server.App.NonconcurrentDB())
	}
	if limit := writers.DB().Stats().MaxOpenConnections; limit < 2 {
		t.Errorf("%d connections for writers", limit)
	}
}

func TestBackupsAreRefusedWithTheReason(t *testing.T) {
	testpostgres.Choose(t)
	server := testapp.New(t)
	response := server.Call(server.Superuser(), http.MethodPost, "/api/backups", map[string]any{"name": "x.zip"})
	if response.Status != http.StatusBadRequest || !strings.Contains(response.Body, "pg_dump") {
		t.Errorf("got %d %s", response.Status, response.Body)
	}
}
