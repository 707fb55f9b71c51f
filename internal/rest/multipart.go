package rest

import (
	"bytes"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// upload is a file that was sent. Few fields take one.
type upload struct {
	name    string
	content []byte
}

func isUpload(value any) bool {
	_, is := value.(upload)
	return is
}

// validBoundary matches the boundaries that Django accepts.
var validBoundary = regexp.MustCompile(`^[ -~]{0,200}[!-~]$`)

// maxPartHeader is the length in bytes within which Django expects the end of a
// part's header.
const maxPartHeader = 1024

// parseMultipart parses a multipart form as leniently as Django: the separator may
// be anywhere in a line, the last part needs none, and parts without the header
// Content-Disposition are ignored. A file is a value that no field accepts. It
// takes precedence over texts of the same name, and is dropped if nothing follows it.
func parseMultipart(body []byte, wanted func(string) bool, contentType string) (Data, error) {
	boundary, err := multipartBoundary(contentType)
	if err != nil {
		return Data{}, err
	}
	data := Data{values: map[string]any{}, html: true}
	separator := []byte("--" + boundary)
	for rest, parts := body, 0; len(rest) > 0; parts++ {
		if parts >= maxFormFields+2 { // Django also counts what surrounds the parts
			return Data{}, ParseError("The form has too many fields.")
		}
		var part []byte
		part, rest = cutPart(rest, separator)
		name, value, err := parsePart(part)
		if err != nil {
			return Data{}, err
		}
		if _, isFile := value.(upload); isFile && len(rest) == 0 {
			continue // Django completes a file when it comes to what follows
		}
		if value == nil || !wanted(name) {
			continue
		}
		if _, isFile := data.values[name].(upload); !isFile || isUpload(value) {
			data.add(name, value)
		}
	}
	return data, nil
}

// multipartBoundary returns the boundary of a Content-Type header.
func multipartBoundary(contentType string) (string, error) {
	if !strings.HasPrefix(contentType, "multipart/") {
		return "", multipartError("Invalid Content-Type: " + decodeLatin1(contentType))
	}
	if strings.ContainsFunc(contentType, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "", multipartError("Invalid non-ASCII Content-Type in multipart: " + decodeLatin1(contentType))
	}
	_, params := parseHeader(contentType)
	boundary, given := params["boundary"]
	if !given {
		boundary = "None"
	}
	if !given || !validBoundary.MatchString(boundary) {
		return "", multipartError("Invalid boundary in multipart: " + boundary)
	}
	return boundary, nil
}

// cutPart returns the part before the next separator, without the line break
// between them, and what follows.
func cutPart(body, separator []byte) (part, rest []byte) {
	part, rest, found := bytes.Cut(body, separator)
	if found {
		part = bytes.TrimSuffix(bytes.TrimSuffix(part, []byte("\n")), []byte("\r"))
	}
	return part, rest
}

// parsePart returns the name and value of a part; value is nil if there is none.
func parsePart(part []byte) (name string, value any, err error) {
	end := bytes.Index(part[:min(len(part), maxPartHeader)], []byte("\r\n\r\n"))
	if end < 0 && len(part) >= maxPartHeader {
		return "", nil, multipartError("Request max total header size exceeded.")
	}
	if end < 0 {
		return "", nil, nil
	}
	headers := parsePartHeader(part[:end])
	content := part[end+4:]
	disposition, found := headers["content-disposition"]
	name, named := disposition.params["name"]
	if !found || !named {
		return "", nil, nil
	}
	file := disposition.params["filename"]
	if file != "" && fileName(file) == "" {
		return "", nil, nil
	}
	if Strip(headers["content-transfer-encoding"].value) == "base64" {
		if decoded, valid := decodeBase64(content); valid {
			content = decoded
		} else if file != "" {
			return "", nil, multipartError("Could not decode base64 data.")
		}
	}
	if file != "" {
		return Strip(name), upload{fileName(file), content}, nil
	}
	return Strip(name), replaceInvalidUTF8(string(content)), nil
}

// partHeader is a header field of a part, in lower case except for the parameters.
type partHeader struct {
	value  string
	params map[string]string
}

func parsePartHeader(header []byte) map[string]partHeader {
	headers := map[string]partHeader{}
	for line := range bytes.SplitSeq(header, []byte("\r\n")) {
		if !utf8.Valid(line) {
			continue
		}
		key, params := parseHeader(string(line))
		if name, value, found := strings.Cut(key, ":"); found {
			headers[name] = partHeader{value, params}
		}
	}
	return headers
}

// fileName returns what remains of a file name once Django has removed its directory
// and what cannot be printed; "" if nothing does.
func fileName(path string) string {
	path = html.UnescapeString(path)
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, name)
	if name == "." || name == ".." {
		return ""
	}
	return name
}

func multipartError(reason string) error {
	return ParseError("Multipart form parse error - " + reason)
}
