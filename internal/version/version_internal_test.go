package version

import (
	"runtime/debug"
	"testing"
)

const revision = "0123456789abcdef0123456789abcdef01234567"

func settings(revision, modified string) []debug.BuildSetting {
	return []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: modified}}
}

func TestNumber(t *testing.T) {
	for _, test := range []struct{ linked, module, want string }{
		{"", "", development},
		{"", "(devel)", development},
		{"", "v0.0.0-20261129103900-0123456789ab", development},
		{"", "v0.1.1-0.20261129103900-0123456789ab", development},
		{"", "v0.2.0-rc.1.0.20261129103900-0123456789ab", development},
		{"", "v0.1.0+dirty", development},
		{"", "v0.1.0", "0.1.0"},
		{"", "v0.2.0-rc.1", "0.2.0-rc.1"},
		{"0.3.0", "v0.1.0", "0.3.0"},
		{"v0.3.0", "(devel)", "0.3.0"},
	} {
		if got := numberOf(test.linked, &debug.BuildInfo{Main: debug.Module{Version: test.module}}); got != test.want {
			t.Errorf("linked %q, module %q: got %q, want %q", test.linked, test.module, got, test.want)
		}
	}
	if got := numberOf("", nil); got != development {
		t.Errorf("no build information: got %q", got)
	}
}

func TestCommit(t *testing.T) {
	for _, test := range []struct {
		name, linked string
		info         *debug.BuildInfo
		want         string
	}{
		{"no build information", "", nil, "unknown"},
		{"no repository", "", &debug.BuildInfo{}, "unknown"},
		{"a clean tree", "", &debug.BuildInfo{Settings: settings(revision, "false")}, "0123456789ab"},
		{"a modified tree", "", &debug.BuildInfo{Settings: settings(revision, "true")}, "0123456789ab+modified"},
		{"the linker's", revision, &debug.BuildInfo{Settings: settings("f"+revision[1:], "true")}, "0123456789ab"},
		{"the linker's without build information", "abc", nil, "abc"},
	} {
		if got := commitOf(test.linked, test.info); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestDependency(t *testing.T) {
	if got := Dependency("example.com/none"); got != unknown {
		t.Errorf("got %q", got)
	}
}
