package config

import (
	"regexp"
	"slices"
	"strings"
)

// collectionName matches the names that PocketBase's collections can have.
var collectionName = regexp.MustCompile(`^[a-zA-Z]\w{0,99}$`)

// collections parses names of collections, comma-separated.
func (v *validator) collections(name, value string) []string {
	var names []string
	for text := range strings.SplitSeq(value, ",") {
		text = strings.TrimSpace(text)
		switch {
		case text == "":
		case !collectionName.MatchString(text):
			v.problem(name, value, "names of collections, comma-separated, such as appointments,visits")
			return nil
		case !slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, text) }):
			names = append(names, text)
		}
	}
	return names
}
