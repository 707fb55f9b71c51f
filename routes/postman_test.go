package routes_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
)

// updateVariable asks for the stored collection to be written again.
const updateVariable = "CAREBASE_UPDATE_POSTMAN"

// The collection in docs/ is what the server makes, for the default address.
func TestStoredPostmanCollection(t *testing.T) {
	server := testapp.Shared(t)
	response := server.Call("", http.MethodGet, "/api/schema/postman/?format=json", nil)
	var made bytes.Buffer
	if err := json.Indent(&made, []byte(strings.ReplaceAll(response.Body, server.URL, "http://127.0.0.1:8000")), "", "  "); err != nil {
		t.Fatal(err)
	}
	made.WriteByte('\n')
	file := filepath.Join(module.Root(), "docs", "carebase.postman_collection.json")
	if os.Getenv(updateVariable) != "" {
		if err := os.WriteFile(file, made.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(stored, made.Bytes()) {
		t.Errorf("docs/carebase.postman_collection.json is not what the server makes (%v); make it again by\n\t%s=1 go test ./routes -run TestStoredPostmanCollection", err, updateVariable)
	}
}
