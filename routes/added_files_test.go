package routes_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// upload returns a multipart form with texts, and files by field and name.
func upload(t *testing.T, texts map[string]string, files ...[3]string) (body, contentType string) {
	t.Helper()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	for name, text := range texts {
		if err := form.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range files {
		part, err := form.CreateFormFile(file[0], file[1])
		if err == nil {
			_, err = part.Write([]byte(file[2]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String(), form.FormDataContentType()
}

func TestAddedFiles(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	addFields(server, "patients",
		map[string]any{"name": "letter", "type": "file", "maxSelect": 1, "protected": true},
		map[string]any{"name": "photo", "type": "file", "maxSelect": 1, "mimeTypes": []string{"image/png", "image/gif"}},
		map[string]any{"name": "scans", "type": "file", "maxSelect": 2},
	)
	checkAgainstReference(t, server)
	const path = "/api/patients/"
	send := func(method, path string, texts map[string]string, files ...[3]string) testapp.Response {
		t.Helper()
		body, contentType := upload(t, texts, files...)
		return server.Do(testapp.Request{Method: method, Path: path, Token: alice.Access, Header: map[string]string{"Content-Type": contentType}, Body: body})
	}
	const pixel = "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;"
	refused := send("POST", path, map[string]string{"age": "3", "letter": "text"}, [3]string{"photo", "a.png", "no image"}, [3]string{"scans", "a.txt", ""}, [3]string{"scans", "b.txt", "b"})
	want := `{"name":["This field is required."],"letter":["The submitted data was not a file. Check the encoding type on the form."],` +
		`"photo":["Upload a valid image. The file you uploaded was either not an image or a corrupted image."],"scans":{"0":["The submitted file is empty."]}}`
	if refused.Status != http.StatusBadRequest || refused.Body != want {
		t.Errorf("got %d %s\nwant %s", refused.Status, refused.Body, want)
	}
	texts := map[string]string{"name": "Ada", "age": "3"}
	created := send("POST", path, texts, [3]string{"letter", "Letter.txt", "Dear"}, [3]string{"photo", "a.gif", pixel}, [3]string{"scans", "a.txt", "a"}, [3]string{"scans", "b.txt", "b"})
	if created.Status != http.StatusCreated {
		t.Fatalf("got %d %s", created.Status, created.Body)
	}
	patient := decoded(server, created)
	id := testapp.ID(patient["id"])
	letter, photo, scans := patient["letter"].(string), patient["photo"].(string), patient["scans"].([]any)
	prefix := server.URL + "/api/files/patients/" + id + "/"
	if !strings.HasPrefix(letter, prefix+"letter_") || !strings.HasPrefix(photo, prefix+"a") || len(scans) != 2 {
		t.Errorf("created as %s", created.Body)
	}
	read := func(address string) testapp.Response {
		return server.Call("", "GET", strings.TrimPrefix(address, server.URL), nil)
	}
	server.Observe = nil
	if got := read(letter); got.Body != "Dear" {
		t.Errorf("the protected file: got %d %s", got.Status, got.Body)
	}
	if got := read(letter[:strings.Index(letter, "?")]); got.Status != http.StatusNotFound {
		t.Errorf("without a token: got %d %s", got.Status, got.Body)
	}
	if got := read(scans[1].(string)); got.Body != "b" {
		t.Errorf("a file: got %d %s", got.Status, got.Body)
	}
	checkAgainstReference(t, server)
	if list := server.Call(alice.Access, "GET", path, nil).List(server); list[0]["photo"] != photo {
		t.Errorf("listed as %v", list)
	}
	if hidden := server.Call(bob.Access, "GET", path+id+"/", nil); hidden.Status != http.StatusNotFound {
		t.Errorf("bob: got %d", hidden.Status)
	}
	kept := decoded(server, send("PUT", path+id+"/", map[string]string{"name": "Ada", "age": "4", "photo": ""}))
	if kept["photo"] != photo || len(kept["scans"].([]any)) != 2 {
		t.Errorf("kept as %v", kept)
	}
	// Some files are added to the others and removed from them, by their addresses or names.
	changed := decoded(server, send("PATCH", path+id+"/", map[string]string{"scans-": scans[0].(string), "photo-": photo, "name": "Ada L"}, [3]string{"scans+", "c.txt", "c"}))
	if left, isList := changed["scans"].([]any); !isList || len(left) != 2 || left[0] != scans[1] || !strings.HasPrefix(left[1].(string), prefix+"c") || changed["photo"] != nil || changed["name"] != "Ada L" {
		t.Errorf("changed to %v", changed)
	}
	if refused := send("PATCH", path+id+"/", nil, [3]string{"scans+", "d.txt", "d"}); refused.Status != http.StatusBadRequest || !strings.HasPrefix(refused.Body, `{"scans":["`) {
		t.Errorf("a third: got %d %s", refused.Status, refused.Body)
	}
	if refused := server.Call(alice.Access, "PATCH", path+id+"/", map[string]any{"scans+": []any{"x"}, "scans-": []any{}}); refused.Body != `{"scans":{"0":["The submitted data was not a file. Check the encoding type on the form."]}}` {
		t.Errorf("no file: got %d %s", refused.Status, refused.Body)
	}
	one := server.Must(http.StatusOK, alice.Access, "PATCH", path+id+"/", map[string]any{"scans-": []any{scans[1]}})
	if len(one["scans"].([]any)) != 1 {
		t.Errorf("left: %v", one["scans"])
	}
	cleared := server.Must(http.StatusOK, alice.Access, "PATCH", path+id+"/", map[string]any{"letter": nil, "photo": nil, "scans": []any{}})
	if cleared["letter"] != nil || cleared["photo"] != nil || len(cleared["scans"].([]any)) != 0 {
		t.Errorf("cleared to %v", cleared)
	}
	var options struct {
		Actions map[string]map[string]json.RawMessage `json:"actions"`
	}
	server.Call(alice.Access, "OPTIONS", path, nil).Decode(server, &options)
	for name, want := range map[string]string{
		"photo": `{"type":"image upload","required":false,"read_only":false,"label":"Photo"}`,
		"scans": `{"type":"list","required":false,"read_only":false,"label":"Scans","max_length":2,"child":{"type":"file upload","required":true,"read_only":false}}`,
	} {
		if got := string(options.Actions["POST"][name]); got != want {
			t.Errorf("%s: got %s\nwant %s", name, got, want)
		}
	}
	for _, path := range []string{path, testapp.Records("patients")} {
		long := send("POST", path, texts, [3]string{"letter", strings.Repeat("\u00e4", 300) + ".txt", "Dear"})
		if long.Status >= http.StatusBadRequest || !strings.Contains(long.Body, ".txt") {
			t.Errorf("a long name at %s: got %d %s", path, long.Status, long.Body)
		}
	}
}

// A list is exported with the addresses of files, which an import passes over.
func TestImportOfAnExportWithFiles(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice, bob := server.SignUp("alice"), server.SignUp("bob")
	addFields(server, "patients", map[string]any{"name": "letter", "type": "file", "maxSelect": 1}, map[string]any{"name": "scans", "type": "file", "maxSelect": 2})
	body, contentType := upload(t, map[string]string{"name": "Ada", "age": "1"}, [3]string{"letter", "a.txt", "Dear Ada"})
	created := server.Do(testapp.Request{Method: "POST", Path: "/api/patients/", Token: alice.Access, Header: map[string]string{"Content-Type": contentType}, Body: body})
	export := server.Call(alice.Access, "GET", "/api/patients/?format=csv", nil)
	if !strings.Contains(export.Body, "/api/files/") {
		t.Fatalf("got %d, and exported %s", created.Status, export.Body)
	}
	if done := sendCSV(server, bob, "/api/patients/import/", export.Body); done.Body != `{"rows":1,"created":1}` {
		t.Errorf("got %d %s", done.Status, done.Body)
	}
}
