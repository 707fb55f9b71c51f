package rest

import (
	"net/url"
	"path"
)

// addingTo and removingFrom return the names of what a body adds to the files of a field
// and removes from them, which are those of PocketBase's record API.
func addingTo(field string) string     { return field + "+" }
func removingFrom(field string) string { return field + "-" }

// isNamed reports whether a value of this name is the field's, or a part of it.
func (f *Field) isNamed(name string) bool {
	switch {
	case f.Name == name:
		return true
	case f.Type == GeoPoint:
		return name == partOf(f.Name, "lon") || name == partOf(f.Name, "lat")
	}
	return f.IsFile() && name == removingFrom(f.Name) || f.Type == Files && name == addingTo(f.Name)
}

// readChanges adds what a body changes about a field's files to the values, and returns
// what is wrong with it: nil, messages, or the FieldErrors of some files.
func (f *Field) readChanges(data Data, values Values) any {
	if names := data.texts(removingFrom(f.Name)); names != nil {
		for i, name := range names {
			names[i] = storedName(name)
		}
		values[removingFrom(f.Name)] = names
	}
	raw, present := data.Get(addingTo(f.Name))
	if !present || f.Type != Files || data.html && raw == "" {
		return nil
	}
	if data.html {
		raw = data.all(addingTo(f.Name))
	}
	added, messages := f.convertFiles(raw)
	if messages != nil {
		return messages
	}
	if wrong, invalid := added.(FieldErrors); invalid {
		return wrong
	}
	values[addingTo(f.Name)] = added
	return nil
}

// texts returns the texts of a name that may be repeated, or have a list.
func (d Data) texts(name string) []string {
	items := d.all(name)
	if raw, present := d.values[name]; present && !d.html {
		if list, isList := itemsOf(raw); isList {
			items = list
		}
	}
	var texts []string
	for _, item := range items {
		if text, isText := item.(string); isText {
			texts = append(texts, text)
		}
	}
	return texts
}

// storedName returns the name of a file that is named by its address in an answer, or by
// itself.
func storedName(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	return path.Base(parsed.Path)
}
