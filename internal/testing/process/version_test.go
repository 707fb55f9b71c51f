package process

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/backup"
	"carebase/internal/version"
)

// TestVersion asks for the version at each place that tells it.
func TestVersion(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	output := succeeds(t, directory, nil, "--version")
	if !strings.HasSuffix(output, " version "+version.String()+" (commit "+version.Commit()+")\n") || strings.Count(output, "\n") != 1 {
		t.Errorf("--version: got %q", output)
	}
	if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
		t.Errorf("--version has made %v, %v", left, err)
	}

	directory = migrated(t)
	server, metrics := serveWithMetricsIn(t, directory, nil)
	labels := "commit=" + version.Commit() + ",version=" + version.String()
	if got := value(scrape(t, metrics), "carebase_build_info", labels); got != 1 {
		t.Errorf("carebase_build_info{%s}: got %v", labels, got)
	}
	var document struct{ Info struct{ Version string } }
	server.Call("", "GET", "/api/schema/", nil).Decode(server.Server, &document)
	if document.Info.Version != version.String() {
		t.Errorf("the OpenAPI document is of version %q", document.Info.Version)
	}

	archive := filepath.Join(t.TempDir(), "backup.zip")
	succeeds(t, directory, nil, "backup", "create", "--to", archive)
	manifest, err := backup.ReadManifest(archive)
	if err != nil {
		t.Fatal(err)
	}
	if manifest.Carebase != version.String() || manifest.Commit != version.Commit() || manifest.PocketBase == "" {
		t.Errorf("the manifest names %q, %q and %q", manifest.Carebase, manifest.Commit, manifest.PocketBase)
	}
}
