// Package version tells which version of Carebase is running, and of which
// commit it was built. A release sets both while it is linked:
//
//	go build -ldflags "-X carebase/internal/version.number=0.2.0 -X carebase/internal/version.commit=$(git rev-parse HEAD)" .
//
// Otherwise they come from the information that Go puts into a binary.
package version

import (
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
)

// development is the version of every build that is not a release's.
const development = "0.2.0-dev"

// unknown is the commit of a build outside of a repository.
const unknown = "unknown"

// commitLength is in hexadecimal digits, as many as Go's pseudo-versions have.
const commitLength = 12

// number and commit are set by the linker, or empty.
var number, commit string

var build = sync.OnceValue(func() *debug.BuildInfo {
	info, _ := debug.ReadBuildInfo()
	return info
})

// String returns the version, such as "0.2.0" or "0.2.0-dev".
func String() string {
	return numberOf(number, build())
}

// Commit returns the first 12 digits of the commit, with "+modified" if the
// source differed from it, or "unknown".
func Commit() string {
	return commitOf(commit, build())
}

// Dependency returns the version of a module that is linked in, such as
// "v0.39.11", or "unknown".
func Dependency(path string) string {
	if info := build(); info != nil {
		for _, module := range info.Deps {
			if module.Path == path {
				return module.Version
			}
		}
	}
	return unknown
}

// release matches the module version of a tagged commit. Those of other commits
// have a time and a revision, each after a hyphen, and "+dirty" if modified.
var release = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$`)

func numberOf(linked string, info *debug.BuildInfo) string {
	switch {
	case linked != "":
		return strings.TrimPrefix(linked, "v")
	case info != nil && release.MatchString(info.Main.Version):
		return strings.TrimPrefix(info.Main.Version, "v")
	}
	return development
}

func commitOf(linked string, info *debug.BuildInfo) string {
	if linked != "" || info == nil {
		return shortened(linked)
	}
	var revision, modified string
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			revision = setting.Value
		case "vcs.modified":
			modified = setting.Value
		}
	}
	if revision != "" && modified == "true" {
		return shortened(revision) + "+modified"
	}
	return shortened(revision)
}

func shortened(revision string) string {
	if revision == "" {
		return unknown
	}
	return revision[:min(len(revision), commitLength)]
}
