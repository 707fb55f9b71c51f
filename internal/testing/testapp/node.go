package testapp

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"carebase/internal/testing/module"
)

// Node returns the path of the node executable, for a test whose npm packages
// are installed in its own folder. It skips the test if node or a package is
// missing, but fails it in CI.
func Node(t testing.TB, packages ...string) string {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("CI") == "true" {
		missing = t.Fatalf
	}
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Rel(module.Root(), directory)
	if err != nil {
		t.Fatal(err)
	}
	install := "run npm ci in " + folder
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed: install Node 20 or newer, then %s", install)
	}
	for _, name := range packages {
		if _, err := os.Stat(filepath.Join("node_modules", name, "package.json")); err != nil {
			missing("%s is not installed: %s", name, install)
		}
	}
	return node
}
