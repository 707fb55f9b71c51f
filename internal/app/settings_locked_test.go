package app_test

import (
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// TestSettingsThatWaitForALock changes settings while something else holds their row for
// longer than is waited for.
func TestSettingsThatWaitForALock(t *testing.T) {
	testpostgres.Choose(t)
	s := testapp.New(t)
	superuser := s.Superuser()
	s.HoldLock(`SELECT id FROM data._params WHERE id = 'settings' FOR UPDATE`)
	if answer := s.Call(superuser, "PATCH", "/api/settings", map[string]any{"meta": map[string]any{"appName": "Clinic"}}); answer.Status != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", answer.Status, answer.Body)
	}
}
