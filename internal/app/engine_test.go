package app_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

func TestWritersRunConcurrentlyOnceServed(t *testing.T) {
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
	superuser := server.Superuser()
	user := server.SignUp("alice").Access
	file := server.Must(http.StatusOK, superuser, http.MethodPost, "/api/files/token", nil)["token"]
	for _, endpoint := range []struct{ method, path, token string }{
		{http.MethodGet, "", superuser}, {http.MethodPost, "", superuser}, {http.MethodPost, "/upload", superuser},
		{http.MethodPost, "/x.zip/restore", superuser}, {http.MethodDelete, "/x.zip", superuser}, {http.MethodGet, fmt.Sprintf("/x.zip?token=%s", file), ""},
	} {
		response := server.Call(endpoint.token, endpoint.method, "/api/backups"+endpoint.path, map[string]any{"name": "x.zip"})
		if response.Status != http.StatusBadRequest || !strings.Contains(response.Body, "pg_dump") || strings.Contains(response.Body, server.App.DataDir()) {
			t.Errorf("%s %s: got %d %s", endpoint.method, endpoint.path, response.Status, response.Body)
		}
		for _, other := range []string{"", user} {
			response := server.Call(other, endpoint.method, "/api/backups"+strings.Split(endpoint.path, "?")[0], nil)
			if response.Status != http.StatusUnauthorized && response.Status != http.StatusForbidden {
				t.Errorf("%s %s without a superuser: got %d %s", endpoint.method, endpoint.path, response.Status, response.Body)
			}
		}
	}
}
