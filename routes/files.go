package routes

import (
	"encoding/json"
	"net/url"
	"slices"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/filesystem"

	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// fileLinks makes the addresses of the files in an answer.
type fileLinks struct {
	// base is the address of a collection's files, and token what protected ones
	// need.
	base, token string
}

// fileLinks returns the links for a request; nil if the resource has no files. A token
// is the caller's and short-lived, like those of PocketBase's /api/files/token.
func (s *resource) fileLinks(r *rest.Request) (*fileLinks, error) {
	has := func(condition func(field rest.Field) bool) bool { return slices.ContainsFunc(s.shown, condition) }
	if !has(func(field rest.Field) bool { return field.IsFile() }) {
		return nil, nil
	}
	links := &fileLinks{base: r.Origin() + "/api/files/" + url.PathEscape(s.collection.Name) + "/"}
	if !has(func(field rest.Field) bool { return field.Protected }) {
		return links, nil
	}
	var err error
	links.token, err = simplejwt.NewFileToken(r.RequestEvent)
	return links, err
}

// append appends the representation of a stored file name, or of several.
func (l *fileLinks) append(out []byte, field *rest.Field, id, stored string) []byte {
	if field.Type != rest.Files {
		if stored == "" {
			return append(out, "null"...)
		}
		return rest.AppendString(out, l.link(field, id, stored))
	}
	var names []string
	_ = json.Unmarshal([]byte(stored), &names) // what is no list is empty, as for PocketBase
	out = append(out, '[')
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = rest.AppendString(out, l.link(field, id, name))
	}
	return append(out, ']')
}

// link returns the absolute address of a file.
func (l *fileLinks) link(field *rest.Field, id, name string) string {
	link := l.base + url.PathEscape(id) + "/" + url.PathEscape(name)
	if field.Protected {
		link += "?token=" + url.QueryEscape(l.token)
	}
	return link
}

// set sets a validated value of a record.
func set(record *core.Record, name string, value any) error {
	switch value := value.(type) {
	case *rest.Upload:
		return set(record, name, []*rest.Upload{value})
	case []*rest.Upload:
		files := make([]any, len(value))
		for i, sent := range value {
			file, err := filesystem.NewFileFromBytes(sent.Content, sent.Name)
			if err != nil {
				return err
			}
			files[i] = file
		}
		record.Set(name, files)
	default:
		record.Set(name, value)
	}
	return nil
}
