package upstream_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	_ "carebase/internal/postgres/upstream/connect" // so that the test is run again when it changes
)

// copied are the packages that run copies, next to that of PostgreSQL.
var copied = []string{"dberror", "deadline", "socket"}

// TestPocketBaseCanImportIt detects import cycles in the copy of PocketBase
// whose core imports connect, and packages that run does not copy.
func TestPocketBaseCanImportIt(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "./connect").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, name := range strings.Fields(string(output)) {
		if own, found := strings.CutPrefix(name, "carebase/internal/"); found && !slices.Contains(copied, own) && !strings.HasPrefix(own, "postgres") {
			t.Errorf("the package imports %s, which run does not copy", name)
		}
	}
	for _, forbidden := range []string{"core", "apis", "forms", "migrations"} {
		if slices.Contains(strings.Fields(string(output)), "github.com/pocketbase/pocketbase/"+forbidden) {
			t.Errorf("the package imports PocketBase's package %s", forbidden)
		}
	}
}
