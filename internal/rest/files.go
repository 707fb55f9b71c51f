package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"image"
	_ "image/gif" // what DecodeConfig knows
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"strconv"
	"strings"
)

// Upload is a file that was sent.
type Upload struct {
	Name    string
	Content []byte
}

// MarshalJSON returns the name and a digest: what tells the file from others.
func (u *Upload) MarshalJSON() ([]byte, error) {
	sum := sha256.Sum256(u.Content)
	return json.Marshal([]any{u.Name, sum[:]})
}

const (
	notFile      = "The submitted data was not a file. Check the encoding type on the form."
	emptyFile    = "The submitted file is empty."
	invalidImage = "Upload a valid image. The file you uploaded was either not an image or a corrupted image."
)

func (f *Field) convertFile(raw any) (any, []string) {
	file, isFile := raw.(upload)
	switch {
	case !isFile:
		return nil, []string{notFile}
	case len(file.content) == 0:
		return nil, []string{emptyFile}
	case f.Type == Image && !isImage(file):
		return nil, []string{invalidImage}
	}
	return &Upload{file.name, file.content}, nil
}

// convertFiles returns a []*Upload, or the FieldErrors of some of them by index.
func (f *Field) convertFiles(raw any) (any, []string) {
	items, messages := f.listOf(raw)
	if messages != nil {
		return nil, messages
	}
	files := []*Upload{}
	var wrong FieldErrors
	for i, item := range items {
		file, messages := f.convertFile(item)
		if messages != nil {
			wrong = append(wrong, Entry[[]string]{Key: strconv.Itoa(i), Value: messages})
			continue
		}
		files = append(files, file.(*Upload))
	}
	if wrong != nil {
		return wrong, nil
	}
	return files, nil
}

// isImage reports whether a file is an image: of the formats that are decoded here, or
// of another that browsers know by its first bytes. A drawing in SVG is a text.
func isImage(file upload) bool {
	kind := http.DetectContentType(file.content)
	switch kind {
	case "image/gif", "image/jpeg", "image/png":
		_, _, err := image.DecodeConfig(bytes.NewReader(file.content))
		return err == nil
	}
	return strings.HasPrefix(kind, "image/") || strings.HasSuffix(strings.ToLower(file.name), ".svg") && bytes.Contains(file.content, []byte("<svg"))
}
