package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func results(pairs ...string) string {
	var lines strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		lines.WriteString(`{"Action":"` + pairs[i+1] + `","Package":"github.com/pocketbase/pocketbase/core","Test":"` + pairs[i] + "\"}\n")
	}
	return lines.String()
}

func TestCompare(t *testing.T) {
	exceptions := write(t, "exceptions", "# why\ncore TestFiles: looks for files\n")
	sqlite := write(t, "sqlite", "# output\n"+results("TestA", "pass", "TestA/1", "pass", "TestFiles", "pass", "TestNet", "fail", "TestX/time.Date(1,_2)", "pass"))
	for _, test := range []struct {
		name, postgres string
		ok             bool
		want           string
	}{
		{"same outcomes", results("TestA", "pass", "TestA/1", "pass", "TestFiles", "fail", "TestNet", "fail", "TestX/time.Date(3,_4)", "pass"), true, "exception  core TestFiles: looks for files"},
		{"a failure", results("TestA", "fail", "TestA/1", "fail", "TestFiles", "pass", "TestX/time.Date(3,_4)", "pass"), false, "FAIL  core TestA/1"},
		{"a missing test", results("TestA/1", "pass", "TestX/time.Date(3,_4)", "pass"), false, "DID NOT RUN  core TestA"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := compare(&out, sqlite, write(t, "postgres", test.postgres), exceptions)
			if err != nil || ok != test.ok || !strings.Contains(out.String(), test.want) {
				t.Errorf("got %v, %v\n%s", ok, err, out.String())
			}
		})
	}
}
