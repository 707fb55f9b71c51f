package extending

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"carebase/internal/testing/module"
)

// TestWorkedExample builds and tests the tree with the example's code. It takes a
// minute or two, so that only CI runs it unless it is asked for.
func TestWorkedExample(t *testing.T) {
	if os.Getenv("CI") != "true" {
		t.Skip("this test builds a copy of the tree: run it with CI=true")
	}
	files, changes := example(t)
	tree := copyOfTree(t)
	for name, content := range files {
		path := filepath.Join(tree, name)
		if _, err := os.Stat(path); err == nil {
			t.Fatalf("%s is there already", name)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, change := range changes {
		// The page has no real line numbers, and one line of context.
		run(t, tree, change, "git", "apply", "--recount", "--unidiff-zero", "--whitespace=nowarn", "-C1", "-")
	}
	changed := []string{"./hooks", "./routes", "./internal/app"}
	if unformatted := run(t, tree, "", "gofmt", "-l", "hooks", "routes", "migrations", "internal/app", "internal/collections"); unformatted != "" {
		t.Errorf("not formatted: %s", unformatted)
	}
	run(t, tree, "", "go", "vet", "./...")
	t.Setenv("CAREBASE_UPDATE_POSTMAN", "1") // as the page says
	run(t, tree, "", "go", slices.Concat([]string{"test", "-run",
		"^(TestAppointments|TestAppointmentsOfToday|TestEveryOwnedCollectionIsGuarded|TestRulesVerbatim|TestEveryEndpointIsDeclared|TestEveryOperationIsInTheStory|TestStoredPostmanCollection|TestMigrationsGoDownAndUpAgain|TestContract)$"},
		changed)...)
}

// block is a fenced block of the page: its language, the file that it is, and its
// text.
var block = regexp.MustCompile("(?ms)^```(go|diff) ?([^\n]*)\n(.*?)^```$")

// example returns the page's new files by their names, and its changes in order.
func example(t *testing.T) (files map[string]string, changes []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(module.Root(), "docs", "extending.md"))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string]string{}
	for _, found := range block.FindAllStringSubmatch(string(page), -1) {
		if found[1] == "diff" {
			changes = append(changes, found[3])
			continue
		}
		if _, twice := files[found[2]]; twice || found[2] == "" {
			t.Fatalf("a block names no new file: %q", found[2])
		}
		files[found[2]] = found[3]
	}
	if len(files) < 5 || len(changes) < 4 {
		t.Fatalf("only %d files and %d changes are on the page", len(files), len(changes))
	}
	return files, changes
}

// copyOfTree copies what the program is built of.
func copyOfTree(t *testing.T) string {
	t.Helper()
	root, tree := module.Root(), t.TempDir()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		target := filepath.Join(tree, name)
		switch {
		case entry.IsDir() && slices.Contains([]string{".git", "node_modules", "pb_data"}, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir():
			return os.MkdirAll(target, 0o700)
		case !entry.Type().IsRegular():
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// run runs a command in the copy, which has to end well, and returns its output.
func run(t *testing.T, tree, input, name string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir, command.Stdin = tree, strings.NewReader(input)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, arguments, err, output, input)
	}
	return string(output)
}
