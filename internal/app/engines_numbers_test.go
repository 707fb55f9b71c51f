package app_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestNumbersInJSONFields stores numbers in several spellings on both engines.
func TestNumbersInJSONFields(t *testing.T) {
	sqlite, postgres := engines(t)
	var stored [2][]string
	for i, server := range []*testapp.Server{sqlite, postgres} {
		operator := server.Superuser()
		server.Must(http.StatusOK, operator, http.MethodPost, collectionsPath, json.RawMessage(`{"name":"notes","type":"base","fields":[{"name":"data","type":"json"}]}`))
		for _, number := range []string{"1.0", "1.50", "1e2", "-0", "0.1", "9007199254740991", "-2.50e-3", `"1.0"`, "[1.0]"} {
			made := server.Must(http.StatusOK, operator, http.MethodPost, collectionsPath+"/notes/records", json.RawMessage(`{"data":`+number+`}`))
			path := collectionsPath + "/notes/records/" + testapp.ID(made["id"])
			stored[i] = append(stored[i], server.Call(operator, http.MethodGet, path+"?fields=data", nil).Body)
			server.Must(http.StatusOK, operator, http.MethodPatch, path, json.RawMessage(`{"data":2.0}`))
			stored[i] = append(stored[i], server.Call(operator, http.MethodGet, path+"?fields=data", nil).Body)
		}
	}
	for i := range stored[0] {
		if stored[0][i] != stored[1][i] {
			t.Errorf("SQLite %s, PostgreSQL %s", stored[0][i], stored[1][i])
		}
	}
}
