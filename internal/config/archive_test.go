package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/config"
)

// TestArchiveThroughALink gives a link into the data directory.
func TestArchiveThroughALink(t *testing.T) {
	data, elsewhere := t.TempDir(), t.TempDir()
	link := filepath.Join(elsewhere, "archive")
	if err := os.Symlink(data, link); err != nil {
		t.Skip("links cannot be made here:", err)
	}
	_, err := config.Parse(map[string]string{"DATA_DIR": data, "AUDIT_ARCHIVE_URL": link})
	if err == nil || !strings.Contains(err.Error(), "outside DATA_DIR") {
		t.Errorf("got %v", err)
	}
}
