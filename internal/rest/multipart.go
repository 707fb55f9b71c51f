package rest

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime/multipart"
	"regexp"
	"strings"
)

// upload stands for a file where a value was expected.
type upload struct{}

// validBoundary is what Django takes for the boundary of a multipart body.
var validBoundary = regexp.MustCompile(`^[ -~]{0,200}[!-~]$`)

// parseMultipart reads a multipart form. A file is a value of no accepted
// type, and it takes the place of a text of the same name. A body that was cut
// short is refused, which Django reads as far as it goes.
func parseMultipart(body []byte, wanted func(string) bool, params map[string]string) (Data, error) {
	boundary, given := params["boundary"]
	if !given {
		boundary = "None"
	}
	if !given || !validBoundary.MatchString(boundary) {
		return Data{}, multipartError("Invalid boundary in multipart: " + strings.ToValidUTF8(boundary, "\uFFFD"))
	}
	data := Data{values: map[string]any{}, html: true}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	for fields := 0; ; fields++ {
		part, err := reader.NextRawPart()
		if err == io.EOF { // truncated bodies wrap it
			return data, nil
		}
		if err != nil {
			return Data{}, multipartError(err.Error())
		}
		if fields >= maxFormFields {
			return Data{}, ParseError("The form has too many fields.")
		}
		name := Strip(part.FormName())
		if !wanted(name) {
			continue
		}
		value, err := partValue(part)
		if err != nil {
			return Data{}, multipartError(err.Error())
		}
		if _, isFile := data.values[name].(upload); !isFile {
			data.values[name] = value
		}
	}
}

// partValue reads one part of a form.
func partValue(part *multipart.Part) (any, error) {
	if part.FileName() != "" {
		return upload{}, nil
	}
	content, err := io.ReadAll(part)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the body ended early")
	}
	if err != nil {
		return nil, err
	}
	if Strip(part.Header.Get("Content-Transfer-Encoding")) == "base64" {
		if decoded, err := base64.StdEncoding.DecodeString(string(content)); err == nil {
			content = decoded
		}
	}
	return formText(string(content)), nil
}

func multipartError(reason string) error {
	return ParseError("Multipart form parse error - " + strings.ToValidUTF8(reason, "\uFFFD"))
}
