package deploy

import (
	"bytes"
	"strings"
	"testing"

	"carebase/internal/config"
	"carebase/internal/testing/testapp"

	"github.com/joho/godotenv"
)

// maxExposure is systemd's measure of what a service could do, times 10; 100 is
// everything.
const maxExposure = "15"

func TestSystemdUnit(t *testing.T) {
	t.Parallel()
	systemd := tool(t, "systemd-analyze", "systemd")
	unit := write(t, "carebase.service", edited(t, file("systemd", "carebase.service"), "ExecStart=/usr/local/bin/carebase ", "ExecStart=/bin/true "))
	if output := run(t, systemd, "verify", unit); output != "" {
		t.Error(output)
	}
	run(t, systemd, "security", "--offline=yes", "--threshold="+maxExposure, unit)
}

// TestSettingsOfTheService parses the service's settings as the program does.
func TestSettingsOfTheService(t *testing.T) {
	t.Parallel()
	key := "SECRET_KEY=" + strings.Repeat("k", 32)
	environment, err := godotenv.Parse(bytes.NewBufferString(edited(t, file("systemd", "carebase.env"), "SECRET_KEY=", key)))
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Parse(environment)
	if err != nil {
		t.Fatal(err)
	}
	// Commands read only this file, and must find the data that the unit's server writes.
	edited(t, file("systemd", "carebase.service"), "\nEnvironment=DATA_DIR="+settings.DataDir+"\n", "", "\nWorkingDirectory="+settings.DataDir+"\n", "")
}

func TestContainers(t *testing.T) {
	t.Parallel()
	node := testapp.Node(t, "dclint", "dockerfilelint")
	run(t, node, "node_modules/dockerfilelint/bin/dockerfilelint", file("container", "Dockerfile"))
	run(t, node, "node_modules/dclint/bin/dclint.cjs", "--quiet", "--config", "dclint.json", file("container", "compose.sqlite.yaml"), file("container", "compose.postgres.yaml"))
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	promtool := tool(t, "promtool", "prometheus")
	run(t, promtool, "check", "rules", file("monitoring", "alerts.yaml"))
	run(t, promtool, "test", "rules", file("monitoring", "alerts_test.yaml"))
}
