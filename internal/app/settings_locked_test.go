package app_test

import (
	"net/http"
	"testing"

	"github.com/jackc/pgx/v5"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestSettingsThatWaitForALock changes settings while something else holds their row for
// longer than is waited for.
func TestSettingsThatWaitForALock(t *testing.T) {
	testpostgres.Choose(t)
	s := testapp.New(t)
	url, _ := testapp.PostgreSQL(s.App)
	superuser := s.Superuser()
	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	holding, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var id string
	if err := holding.QueryRow(t.Context(), `SELECT id FROM data._params WHERE id = 'settings' FOR UPDATE`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if answer := s.Call(superuser, "PATCH", "/api/settings", map[string]any{"meta": map[string]any{"appName": "Clinic"}}); answer.Status != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", answer.Status, answer.Body)
	}
}
