package sdktest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"carebase/internal/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

func TestSDK(t *testing.T) {
	node := require(t)
	server := testapp.New(t)
	setting, err := json.Marshal(map[string]any{
		"url":      server.URL,
		"password": testapp.Password,
		"alice":    server.SignUp("alice"),
		"bob":      server.SignUp("bob"),
	})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, "sdk.mjs")
	command.Env = append(os.Environ(), "CAREBASE_SDK_TEST="+string(setting))
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("node sdk.mjs: %v\n%s", err, output)
	}
	t.Logf("%s", output)
}

// require returns node's path. What is missing skips the test, but not in CI,
// where nothing may be missing.
func require(t *testing.T) string {
	t.Helper()
	missing := t.Skip
	if os.Getenv("CI") == "true" {
		missing = t.Fatal
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing("node is not installed: install Node 20 or newer, then run npm ci in internal/sdktest")
	}
	for _, name := range []string{"pocketbase", "eventsource"} {
		if _, err := os.Stat(filepath.Join("node_modules", name, "package.json")); err != nil {
			missing("the SDK is not installed: run npm ci in internal/sdktest")
		}
	}
	// A look at the scripts, so that a cached result does not outlive a change
	// of what node reads.
	scripts, err := filepath.Glob("*.mjs")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		if _, err := os.Stat(script); err != nil {
			t.Fatal(err)
		}
	}
	return node
}
