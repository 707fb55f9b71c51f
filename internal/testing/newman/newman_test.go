package newman

import (
	"os/exec"
	"path/filepath"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// TestCollection runs the stored collection on an empty server.
func TestCollection(t *testing.T) {
	server := testapp.New(t)
	runNode(t, "node_modules/newman/bin/newman.js", "run", "--color", "off", "--timeout-request", "20000", "--env-var", "baseUrl="+server.URL,
		filepath.Join(testapp.Root(), "docs", "carebase.postman_collection.json"))
}

func TestDocumentIsValid(t *testing.T) {
	server := testapp.New(t)
	runNode(t, "validate.mjs", server.URL+"/api/schema/?format=json")
}

// runNode runs a script, which has to end well.
func runNode(t *testing.T, script string, arguments ...string) {
	t.Helper()
	node := testapp.Node(t, "newman")
	output, err := exec.CommandContext(t.Context(), node, append([]string{script}, arguments...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, output)
	}
	t.Logf("%s", output)
}
