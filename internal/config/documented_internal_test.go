package config

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestVariablesAreDocumented compares README.md and .env.example with the code:
// each has every variable, with its default, and no other.
func TestVariablesAreDocumented(t *testing.T) {
	var names []string
	for field := range reflect.TypeFor[variables]().Fields() {
		names = append(names, field.Tag.Get("env"))
	}
	slices.Sort(names)
	documented := map[string]map[string]string{
		".env.example": defaults(regexp.MustCompile(`(?m)^# ([A-Z_]+)=(.*)$`), read(t, ".env.example")),
		"README.md":    defaults(regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| (?:–|`([^`]+)`) \\|"), read(t, "README.md")),
	}
	for file, defaults := range documented {
		if got := slices.Sorted(maps.Keys(defaults)); !slices.Equal(got, names) {
			t.Errorf("%s has %v, want %v", file, got, names)
		}
		// PG_HOST and others count only if PG_DB is set, and PG_SSLMODE is left to
		// the driver if it is unset. DATA_DIR counts if it is set to its default.
		defaults["PG_DB"] = "carebase"
		got, err := Parse(defaults)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		want, err := Parse(map[string]string{"PG_DB": "carebase", "PG_SSLMODE": "prefer", "DATA_DIR": defaults["DATA_DIR"]})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the defaults are %+v, want %+v", file, got, want)
		}
	}
}

func defaults(pattern *regexp.Regexp, text string) map[string]string {
	found := map[string]string{}
	for _, match := range pattern.FindAllStringSubmatch(text, -1) {
		found[match[1]] = strings.TrimSpace(match[2])
	}
	return found
}
