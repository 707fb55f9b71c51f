package clients

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
)

// serve serves an app for a test that has Node and its packages.
func serve(t *testing.T) *testapp.Server {
	t.Helper()
	testapp.Node(t, "newman", "openapi-typescript")
	return testapp.New(t)
}

// TestCollection runs the stored collection on an empty server.
func TestCollection(t *testing.T) {
	server := serve(t)
	runNode(t, "node_modules/newman/bin/newman.js", "run", "--color", "off", "--timeout-request", "20000", "--env-var", "baseUrl="+server.URL,
		filepath.Join(module.Root(), "docs", "carebase.postman_collection.json"))
}

func TestDocumentIsValid(t *testing.T) {
	server := serve(t)
	runNode(t, "validate.mjs", server.URL+"/api/schema/?format=json")
}

// updateVariable is the environment variable that rewrites the stored types.
const updateVariable = "CAREBASE_UPDATE_TYPES"

// TestStoredTypes checks that the types of the console's scripts are generated
// from the OpenAPI document.
func TestStoredTypes(t *testing.T) {
	server := serve(t)
	generated := runNode(t, "types.mjs", server.URL+"/api/schema/?format=json")
	file := filepath.Join("..", "browser", "api.d.ts")
	if os.Getenv(updateVariable) != "" {
		if err := os.WriteFile(file, generated, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	stored, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(stored, generated) {
		t.Errorf("internal/testing/browser/api.d.ts is out of date (%v); regenerate it with\n\t%s=1 go test ./internal/testing/clients -run TestStoredTypes", err, updateVariable)
	}
}

// runNode runs a script and returns its output. It fails the test if the script
// fails.
func runNode(t *testing.T, script string, arguments ...string) []byte {
	t.Helper()
	node := testapp.Node(t, "newman", "openapi-typescript")
	var output, messages bytes.Buffer
	command := exec.CommandContext(t.Context(), node, append([]string{script}, arguments...)...)
	command.Stdout, command.Stderr = &output, &messages
	if err := command.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", script, err, output.Bytes(), messages.Bytes())
	}
	return output.Bytes()
}
