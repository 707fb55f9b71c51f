package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"carebase/internal/testing/module"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// tool returns the path of a program of a Debian package. It skips the test if the
// program is missing, but fails it in CI.
func tool(t *testing.T, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is not installed: apt-get install %s", name, debian)
	}
	t.Skipf("%s is not installed: apt-get install %s", name, debian)
	return ""
}

// file returns the path of a file of deploy/.
func file(elements ...string) string {
	return filepath.Join(append([]string{module.Root(), "deploy"}, elements...)...)
}

// edited returns the text of a file of deploy/ with parts replaced, each of which it
// must have.
func edited(t *testing.T, path string, replacements ...string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	for i := 0; i < len(replacements); i += 2 {
		if !strings.Contains(text, replacements[i]) {
			t.Fatalf("%s has no %q", path, replacements[i])
		}
		text = strings.ReplaceAll(text, replacements[i], replacements[i+1])
	}
	return text
}

// write creates a file in a new directory and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs a program, which has to end well and print nothing of what is wrong.
func run(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", filepath.Base(program), err, output)
	}
	return string(output)
}
