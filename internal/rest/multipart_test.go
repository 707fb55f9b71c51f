package rest

import (
	"bytes"
	"mime/multipart"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseMultipart(t *testing.T) {
	const field = "--b\r\nContent-Disposition: form-data; name="
	for body, want := range map[string]map[string]any{
		"--b--": {},
		"a=1":   {},
		"preamble\r\n" + field + "\"a\"\r\n\r\n1\r\n--b--":                             {"a": "1"},
		field + "a\r\n\r\n1\r\n" + field + "\" a \"\r\n\r\n2\r\n--b--\r\nepilogue":     {"a": "2"},
		field + "a\r\nContent-Transfer-Encoding: BASE64\r\n\r\neMOp\r\n--b--":          {"a": "xé"},
		field + "a\r\nContent-Transfer-Encoding: base64\r\n\r\ne!M Op\r\n--b--":        {"a": "xé"},
		field + "a\r\nContent-Transfer-Encoding: base64\r\n\r\neA==eA==\r\n--b--":      {"a": "x"},
		field + "a\r\nContent-Transfer-Encoding: base64\r\n\r\neA=\r\n--b--":           {"a": "eA="},
		field + "a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--b--": {"a": "=41"},
		field + "a\r\n\r\n\xff\r\n--b--":                                               {"a": "\ufffd"},
		field + "a; filename=x.txt\r\n\r\n1\r\n--b--":                                  {"a": upload{"x.txt", []byte("1")}},
		field + "a; filename=x.txt\r\n\r\n1\r\n" + field + "a\r\n\r\n2\r\n--b--":       {"a": upload{"x.txt", []byte("1")}},
		field + "a; filename=\"\"\r\n\r\n1\r\n--b--":                                   {"a": "1"},
		field + "a; filename=\"c:\\..\"\r\n\r\n1\r\n--b--":                             {},
		"--b\r\nContent-Type: text/plain\r\n\r\n1\r\n--b--":                            {},
		"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--":                      {},
		"--b\r\ncontent-disposition: attachment; NAME=a\r\n\r\n1\r\n--b--":             {"a": "1"},
		"--b\r\nContent-Disposition: form-data; name*=utf-8''%C3%A9\r\n\r\n1\r\n--b--": {"é": "1"},
		"--b\r\nContent-Disposition: form-data; name=a\xff\r\n\r\n1\r\n--b--":          {},
		"--b\r\nno header\r\nContent-Disposition: x; name=a\r\n\r\n1\r\n--b--":         {"a": "1"},
		// A file needs something behind it.
		field + "a; filename=x.txt\r\n\r\n1\r\n":      {},
		field + "a; filename=x.txt\r\n\r\n1\r\n--b":   {},
		field + "a; filename=x.txt\r\n\r\n1\r\n--b\n": {"a": upload{"x.txt", []byte("1")}},
		// Lines end with CRLF.
		"--b\nContent-Disposition: form-data; name=a\n\n1\n--b--": {},
		strings.Repeat("x", maxPartHeader-1):                      {},
		// The separator may be anywhere, and the last one may be missing.
		field + "a\r\n\r\nx--by\r\n--b--":                           {"a": "x"},
		field + "a\r\n\r\n1\r\n\r\n":                                {"a": "1\r\n\r\n"},
		field + "a\r\n\r\n1\n--b--":                                 {"a": "1"},
		strings.ReplaceAll(field, "b", "c") + "a\r\n\r\n1\r\n--c--": {"a": "1\r\n--c--"},
	} {
		data, err := parseMultipart([]byte(body), anyName, "multipart/form-data; boundary=b")
		if err != nil || !data.html || !reflect.DeepEqual(data.values, want) {
			t.Errorf("%.80q: got %v, %v, want %v", body, data.values, err, want)
		}
	}
}

func TestParseMultipartRefuses(t *testing.T) {
	const field, boundary = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n", "multipart/form-data; boundary="
	for contentType, want := range map[string]string{
		"multipart/form-data":               "Invalid boundary in multipart: None",
		boundary:                            "Invalid boundary in multipart: ",
		boundary + `"b "`:                   "Invalid boundary in multipart: b ",
		boundary + strings.Repeat("b", 202): "Invalid boundary in multipart: " + strings.Repeat("b", 202),
		boundary + "é":                      "Invalid non-ASCII Content-Type in multipart: multipart/form-data; boundary=Ã©",
		"Multipart/Form-Data; boundary=b":   "Invalid Content-Type: Multipart/Form-Data; boundary=b",
		"*/form-data; boundary=b":           "Invalid Content-Type: */form-data; boundary=b",
	} {
		_, err := parseBody([]byte(field+"--b--"), contentType, anyName)
		if got := clientError(t, err).Body; got != (Detail{Detail: "Multipart form parse error - " + want}) {
			t.Errorf("%q: got %v, want %s", contentType, got, want)
		}
	}
	for body, want := range map[string]string{
		"--b\r\nX: " + strings.Repeat("x", maxPartHeader) + "\r\n" + field[5:] + "--b--":                            "Multipart form parse error - Request max total header size exceeded.",
		strings.Repeat("x", maxPartHeader):                                                                          "Multipart form parse error - Request max total header size exceeded.",
		strings.Repeat(field, maxFormFields+2) + "--b--":                                                            "The form has too many fields.",
		"--b\r\nContent-Disposition: x; name=a; filename=f\r\nContent-Transfer-Encoding: base64\r\n\r\neA\r\n--b--": "Multipart form parse error - Could not decode base64 data.",
	} {
		_, err := parseMultipart([]byte(body), anyName, boundary+"b")
		if got := clientError(t, err).Body; got != (Detail{Detail: want}) {
			t.Errorf("%.80q: got %v, want %s", body, got, want)
		}
	}
}

func FuzzParseMultipart(f *testing.F) {
	f.Add("name", "Ann", "boundary", []byte("--boundary\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--boundary--"))
	f.Add("", "\xff", "", []byte("--\r\n\r\n"))
	f.Add("a\"b", "--b\r\n", "b", []byte("--b\r\nContent-Disposition: form-data; name=a; filename=f\r\n\r\n"))
	f.Add("a", "", "b", []byte("--b\r\nContent-Transfer-Encoding: base64\r\n\r\n=\r\n--b--"))
	f.Fuzz(func(t *testing.T, name, value, boundary string, body []byte) {
		if _, err := parseMultipart(body, anyName, "multipart/form-data; boundary="+boundary); err != nil {
			clientError(t, err)
		}
		var encoded bytes.Buffer
		writer := multipart.NewWriter(&encoded)
		if err := writer.WriteField(name, value); err != nil {
			t.Skip()
		}
		if err := writer.Close(); err != nil {
			t.Skip()
		}
		data, err := parseBody(encoded.Bytes(), writer.FormDataContentType(), anyName)
		if err != nil {
			clientError(t, err)
			return
		}
		if strings.ContainsAny(name, "\\\"\r\n%';=*") || Strip(name) != name || !utf8.ValidString(name) || len(name) > maxPartHeader/2 {
			return // there are several ways to encode such names
		}
		if got, present := data.Get(name); !present || got != replaceInvalidUTF8(value) {
			t.Fatalf("%q: got %#v, want %q", name, got, value)
		}
	})
}
