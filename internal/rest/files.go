package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	_ "image/gif" // what DecodeConfig knows
	_ "image/jpeg"
	_ "image/png"
	"net/http"
	"path"
	"slices"
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
	extension := strings.ToLower(strings.TrimPrefix(path.Ext(file.name), "."))
	if f.Extensions != nil && !slices.Contains(f.Extensions, extension) {
		return nil, []string{fmt.Sprintf("File extension “%s” is not allowed. Allowed extensions are: %s.", extension, strings.Join(f.Extensions, ", "))}
	}
	return &Upload{file.name, file.content}, nil
}

// convertFiles returns a []*Upload, or the FieldErrors of some of them by index.
func (f *Field) convertFiles(raw any) (any, []string) {
	if _, isObject := raw.(dictionary); isObject {
		return nil, []string{notList(raw)}
	}
	items, messages := f.listOf(raw)
	if messages != nil {
		return nil, messages
	}
	files := []*Upload{}
	var wrong FieldErrors
	for i, item := range items {
		file, messages := f.convertFile(item)
		if item == nil {
			messages = []string{"This field may not be null."}
		}
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
		return err == nil && (kind != "image/png" || isIntactPNG(file.content))
	}
	return strings.HasPrefix(kind, "image/") || strings.HasSuffix(strings.ToLower(file.name), ".svg") && bytes.Contains(file.content, []byte("<svg"))
}

// isIntactPNG checks the sums of all parts of a PNG, up to its end, as Pillow does.
func isIntactPNG(content []byte) bool {
	const signature, around = 8, 12 // around a part's data: its size, type and sum
	for rest := content[signature:]; len(rest) >= around; {
		size := int64(binary.BigEndian.Uint32(rest))
		if size > int64(len(rest))-around {
			return false
		}
		part, sum := rest[4:size+8], rest[size+8:size+around]
		if crc32.ChecksumIEEE(part) != binary.BigEndian.Uint32(sum) {
			return false
		}
		if string(part[:4]) == "IEND" {
			return true
		}
		rest = rest[size+around:]
	}
	return false
}
