package clients

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// run runs a program in a directory and returns what it prints. It fails the test if
// the program fails.
func run(t *testing.T, directory, program string, arguments ...string) string {
	t.Helper()
	var output, messages bytes.Buffer
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir, command.Stdout, command.Stderr = directory, &output, &messages
	if err := command.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(arguments, " "), err, output.Bytes(), messages.Bytes())
	}
	return output.String()
}

// workspace returns a directory with the files of this one that a pattern matches, the
// npm packages, and the server's OpenAPI document.
func workspace(t *testing.T, server *testapp.Server, patterns ...string) string {
	t.Helper()
	directory := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(here, "node_modules"), filepath.Join(directory, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write(t, directory, "package.json", []byte(`{"type":"module"}`))
	write(t, directory, "openapi.json", []byte(server.Call("", http.MethodGet, "/api/schema/", nil).Body))
	for _, pattern := range patterns {
		content, err := os.ReadFile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		write(t, directory, filepath.Base(pattern), content)
	}
	return directory
}

func write(t *testing.T, directory, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(directory, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func wantDone(t *testing.T, output string) {
	t.Helper()
	if !strings.HasSuffix(strings.TrimSpace(output), "done") {
		t.Errorf("got %s", output)
	}
}

func TestTypeScriptClient(t *testing.T) {
	node := testapp.Node(t, "openapi-typescript", "openapi-fetch", "typescript")
	server := testapp.Shared(t)
	directory := workspace(t, server, "client.mts", "tsconfig.json")
	run(t, directory, node, "node_modules/openapi-typescript/bin/cli.js", "openapi.json", "-o", "schema.d.ts")
	run(t, directory, node, "node_modules/typescript/bin/tsc", "--project", ".")
	wantDone(t, run(t, directory, node, "client.mjs", server.URL))
}

func TestTypesOfTheRecordAPI(t *testing.T) {
	node := testapp.Node(t, "pocketbase-typegen", "pocketbase", "typescript")
	server := testapp.Shared(t)
	alice := server.SignUp("alice")
	directory := workspace(t, server, "records.mts", "tsconfig.json")
	run(t, directory, node, "node_modules/pocketbase-typegen/dist/cli.js", "--url", server.URL, "--token", server.Superuser(), "--out", "records-schema.ts")
	run(t, directory, node, "node_modules/typescript/bin/tsc", "--project", ".")
	wantDone(t, run(t, directory, node, "records.mjs", server.URL, alice.Email, testapp.Password))
}

func TestLint(t *testing.T) {
	node := testapp.Node(t, "@redocly/cli")
	directory := workspace(t, testapp.Shared(t), "redocly.yaml")
	run(t, directory, node, "node_modules/@redocly/cli/bin/cli.js", "lint", "openapi.json", "--format=stylish")
}

// The versions of Go's generator and of what its clients use.
const (
	oapiCodegen = "github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2"
	oapiRuntime = "github.com/oapi-codegen/runtime@v1.9.0"
)

// drawFields adds what operators can add and no collection of the program has: any JSON,
// and relations to records whose ids are texts.
func drawFields(server *testapp.Server) {
	server.Helper()
	operator := server.Superuser()
	wards := server.Must(http.StatusOK, operator, http.MethodPost, "/api/collections", map[string]any{"name": "wards", "type": "base"})
	path := "/api/collections/doctors"
	fields := server.Must(http.StatusOK, operator, http.MethodGet, path, nil)["fields"].([]any)
	server.Must(http.StatusOK, operator, http.MethodPatch, path, map[string]any{"fields": append(fields,
		map[string]any{"name": "extra", "type": "json"},
		map[string]any{"name": "ward", "type": "relation", "collectionId": wards["id"], "maxSelect": 1},
		map[string]any{"name": "wards", "type": "relation", "collectionId": wards["id"], "maxSelect": 3},
	)})
}

func TestGoClient(t *testing.T) {
	server := testapp.New(t)
	drawFields(server)
	directory := workspace(t, server, "testdata/goclient/main.go")
	write(t, directory, "go.mod", []byte("module generated\n\ngo 1.26\n"))
	available := exec.CommandContext(t.Context(), "go", "get", oapiRuntime)
	available.Dir = directory
	if output, err := available.CombinedOutput(); err != nil {
		missing := t.Skipf
		if os.Getenv("CI") == "true" {
			missing = t.Fatalf
		}
		missing("no module proxy is reachable: %v\n%s", err, output)
	}
	if err := os.Mkdir(filepath.Join(directory, "client"), 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, directory, "go", "run", oapiCodegen, "-generate", "types,client", "-package", "client", "-o", "client/client.go", "openapi.json")
	run(t, directory, "go", "mod", "tidy")
	wantDone(t, run(t, directory, "go", "run", ".", server.URL))
}
