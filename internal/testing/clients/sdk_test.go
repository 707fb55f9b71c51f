package clients

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestSDK(t *testing.T) {
	node := testapp.Node(t, "pocketbase", "eventsource")
	statScripts(t)
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

// statScripts makes the test's cached result depend on the scripts.
func statScripts(t *testing.T) {
	t.Helper()
	scripts, err := filepath.Glob("*.mjs")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		if _, err := os.Stat(script); err != nil {
			t.Fatal(err)
		}
	}
}
