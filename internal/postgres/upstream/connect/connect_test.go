package connect

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestPocketBaseCanImportIt looks for what would be an import cycle in the copy of
// PocketBase whose core imports this package.
func TestPocketBaseCanImportIt(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, forbidden := range []string{"core", "apis", "forms", "migrations"} {
		if slices.Contains(strings.Fields(string(output)), "github.com/pocketbase/pocketbase/"+forbidden) {
			t.Errorf("it imports PocketBase's package %s", forbidden)
		}
	}
}
