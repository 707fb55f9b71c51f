package routes_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestMessagesOfDRF sends each type of field what it refuses. The messages are those of
// the fields in rest_framework/fields.py and relations.py of 3.15.
func TestMessagesOfDRF(t *testing.T) {
	t.Parallel()
	server := testapp.New(t)
	alice := server.SignUp("alice")
	doctors, err := server.App.FindCollectionByNameOrId("doctors")
	if err != nil {
		t.Fatal(err)
	}
	addFields(server, "doctors", append(scalars(),
		map[string]any{"name": "site", "type": "url", "required": true},
		map[string]any{"name": "score", "type": "number", "onlyInt": true},
		map[string]any{"name": "height", "type": "number"},
		map[string]any{"name": "pin", "type": "password", "min": 8},
		map[string]any{"name": "place", "type": "geoPoint"},
		map[string]any{"name": "peer", "type": "relation", "collectionId": doctors.Id, "maxSelect": 1},
		map[string]any{"name": "team", "type": "relation", "collectionId": doctors.Id, "maxSelect": 2},
		map[string]any{"name": "letter", "type": "file", "maxSelect": 1},
		map[string]any{"name": "photo", "type": "file", "maxSelect": 1, "mimeTypes": []string{"image/png"}},
		map[string]any{"name": "scans", "type": "file", "maxSelect": 2},
		map[string]any{"name": "tags", "type": "select", "values": []string{"a", "b", "c"}, "maxSelect": 2, "required": true},
	)...)
	checkAgainstReference(t, server)
	const (
		text, blank, null, required = `"Not a valid string."`, `"This field may not be blank."`, `"This field may not be null."`, `"This field is required."`
		email, url, boolean         = `"Enter a valid email address."`, `"Enter a valid URL."`, `"Must be a valid boolean."`
		integer, float, tooLong     = `"A valid integer is required."`, `"A valid number is required."`, `"String value too large."`
		datetime                    = `"Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."`
		file                        = `"The submitted data was not a file. Check the encoding type on the form."`
	)
	list := func(kind string) string { return `"Expected a list of items but got type \"` + kind + `\"."` }
	choice := func(input string) string { return strconv.Quote(`"` + input + `" is not a valid choice.`) }
	key := func(kind string) string { return `"Incorrect type. Expected pk value, received ` + kind + `."` }
	long := `"` + strings.Repeat("1", 1001) + `"`
	for field, messages := range map[string]map[string]string{
		"mrn": {`{}`: text, `[]`: text, `true`: text, `null`: null, `"a\u0000B"`: `"Enter a valid value.","Null characters are not allowed."`,
			`"AB"`: `"Ensure this field has at least 3 characters."`, `"ABCDEFG"`: `"Ensure this field has no more than 6 characters."`, `1.5`: `"Enter a valid value."`},
		"stay":    {`{}`: text, `false`: text, `null`: null, `"\ud800"`: `"Surrogate characters are not allowed: U+D800."`},
		"contact": {`{}`: email, `1`: email, `true`: email, `"ada"`: email, `null`: null},
		"chart":   {`{}`: url, `[]`: url, `true`: url, `1`: url, `"example.com"`: url, `"ftp://"`: url, `null`: null},
		"site":    {`""`: blank, `" "`: blank, `null`: null, `{}`: url, ``: required},
		"bed":     {`{}`: integer, `[1]`: integer, `true`: integer, `"x"`: integer, `1.5`: integer, `""`: integer, long: tooLong, `41`: `"Ensure this value is less than or equal to 40."`, `0`: `"Ensure this value is greater than or equal to 1."`},
		"score":   {`null`: null, `9007199254740992`: `"Ensure this value is less than or equal to 9007199254740991."`},
		"weight": {`{}`: float, `[]`: float, `"x"`: float, `""`: float, long: tooLong, `0.4`: `"Ensure this value is greater than or equal to 0.5."`, `501`: `"Ensure this value is less than or equal to 500."`,
			`1e400`: `"Ensure this value is less than or equal to 500."`, `"-inf"`: `"Ensure this value is greater than or equal to 0.5."`, `"nan"`: float, strings.Repeat("1", 400): `"Integer value too large to convert to float"`},
		"height":   {`-1e400`: float, `"Infinity"`: float},
		"insured":  {`{}`: boolean, `[]`: boolean, `""`: boolean, `2`: boolean, `"maybe"`: boolean, `null`: null},
		"admitted": {`{}`: datetime, `1`: datetime, `""`: datetime, `"2026-02-30"`: datetime, `"2026-W54-1"`: datetime, `"2026-1-1"`: datetime, `"2026-01-31T12:00+24:00"`: datetime, `"0001-01-01T00:00+01:00"`: `"Datetime value out of range."`},
		"ward": {`"west"`: choice("west"), `null`: null, `true`: choice("True"), `1.50`: choice("1.5"), `["a", {"b": null}]`: choice("['a', {'b': None}]"),
			`["it's", "\"\n\u0001"]`: choice("[\"it's\", '\"\\n\\x01']"), `{}`: choice("{}")},
		"needs": {`"lift"`: list("str"), `1`: list("int"), `null`: null, `["x"]`: choice("x"), `{"x": 1}`: choice("x"), `[[]]`: choice("[]"), `true`: list("bool")},
		"tags":  {`[]`: `"This selection may not be empty."`, ``: required, `["a","b","c"]`: `"Ensure this field has no more than 2 elements."`},
		"extra": {`1e400`: `"Value must be valid JSON."`, `{"a":[-1e999]}`: `"Value must be valid JSON."`},
		"pin":   {`"short"`: `"Ensure this field has at least 8 characters."`, `{}`: text, `null`: null},
		"peer": {`"x"`: key("str"), `true`: key("bool"), `{}`: key("dict"), `[]`: key("list"), `999`: `"Invalid pk \"999\" - object does not exist."`,
			`" 999 "`: `"Invalid pk \" 999 \" - object does not exist."`, `1e3`: `"Invalid pk \"1000.0\" - object does not exist."`},
		"team":   {`"x"`: list("str"), `1`: list("int"), `null`: null, `[null]`: `"Invalid pk \"None\" - object does not exist."`, `[true]`: key("bool"), `[999]`: `"Invalid pk \"999\" - object does not exist."`},
		"letter": {`{}`: file, `"x"`: file, `""`: file, `1`: file, `[]`: file},
		"photo":  {`{}`: file, `"x"`: file, `true`: file},
		"scans":  {`{}`: list("dict"), `"x"`: list("str"), `1`: list("int"), `null`: null},
	} {
		for sent, want := range messages {
			members := map[string]string{"name": `"House"`, "site": `"https://example.com/"`, "tags": `["a"]`}
			if members[field] = sent; sent == "" {
				delete(members, field)
			}
			var body []string
			for _, name := range slices.Sorted(maps.Keys(members)) {
				body = append(body, strconv.Quote(name)+":"+members[name])
			}
			refused := server.Call(alice.Access, "POST", "/api/doctors/", "{"+strings.Join(body, ",")+"}")
			if wanted := `{"` + field + `":[` + want + `]}`; refused.Status != http.StatusBadRequest || refused.Body != wanted {
				t.Errorf("%s, %.100s: got %d %s\nwant %s", field, sent, refused.Status, refused.Body, wanted)
			}
		}
	}
	for sent, want := range map[string]string{
		`"place":1`: `{"place":{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]}}`, `"place":{"lon":181}`: `{"place":{"lon":["Ensure this value is less than or equal to 180."],"lat":["This field is required."]}}`,
		`"scans":[null,"x"]`: `{"scans":{"0":["This field may not be null."],"1":[` + file + `]}}`,
	} {
		if refused := server.Call(alice.Access, "POST", "/api/doctors/", `{"name":"House","site":"https://example.com/","tags":["a"],`+sent+`}`); refused.Body != want {
			t.Errorf("%s: got %d %s", sent, refused.Status, refused.Body)
		}
	}
	testDates(server, alice)
	testAddresses(server, alice)
	testImages(server, alice)
}

// testDates sends dates in the forms of ISO 8601 that Django takes.
func testDates(server *testapp.Server, alice testapp.User) {
	for sent, want := range map[string]string{
		"2026-01-31T13": "2026-01-31T13:00:00.000Z", "2026-W05-6T1300+01": "2026-01-31T12:00:00.000Z", "2026W05": "2026-01-26T00:00:00.000Z",
		"20260131 130000,5Z": "2026-01-31T13:00:00.500Z", "2026-1-31T9:05": "2026-01-31T09:05:00.000Z", "2026-01-31T00:00:00-05:30:15": "2026-01-31T05:30:15.000Z",
	} {
		created := server.Call(alice.Access, "POST", "/api/doctors/", map[string]any{"name": "House", "site": "https://example.com/", "tags": []string{"a"}, "admitted": sent})
		if created.Status != http.StatusCreated || !strings.Contains(created.Body, `"admitted":"`+want+`"`) {
			server.Errorf("%s: got %d %s", sent, created.Status, created.Body)
		}
	}
}

// testAddresses sends addresses that Django takes and PocketBase refuses.
func testAddresses(server *testapp.Server, alice testapp.User) {
	for field, addresses := range map[string][]string{
		"contact": {"ann@localhost", "ann@[127.0.0.1]", `"ann"@example.com`},
		"chart":   {"ftps://example.com/", "HTTPS://EXAMPLE.COM", "http://example.com./"},
	} {
		for _, address := range addresses {
			body := map[string]any{"name": "House", "site": "https://example.com/", "tags": []string{"a"}, field: address}
			if created := server.Must(http.StatusCreated, alice.Access, "POST", "/api/doctors/", body); created[field] != address {
				server.Errorf("%s %s: got %v", field, address, created[field])
			}
		}
	}
}

// testImages sends images with the wrong names, and what is none.
func testImages(server *testapp.Server, alice testapp.User) {
	const invalid = `"Upload a valid image. The file you uploaded was either not an image or a corrupted image."`
	var dot, drawing bytes.Buffer
	pixel := image.NewPaletted(image.Rect(0, 0, 1, 1), color.Palette{color.White})
	if err := png.Encode(&dot, pixel); err != nil {
		server.Fatal(err)
	}
	if err := gif.Encode(&drawing, pixel, nil); err != nil {
		server.Fatal(err)
	}
	intact := dot.String()
	broken := []byte(intact)
	broken[len(broken)-20]++
	for _, test := range []struct{ name, content, want string }{
		{"dot.png", intact, ""},
		{"DOT.PNG", intact, ""},
		{"dot.png", "no image", invalid},
		{"dot.png", string(broken), invalid},
		{"dot.png", intact[:len(intact)-12], invalid},
		{"dot.png", "", `"The submitted file is empty."`},
		{"dot.txt", intact, `"File extension “txt” is not allowed. Allowed extensions are: png."`},
		{"dot", intact, `"File extension “” is not allowed. Allowed extensions are: png."`},
		{"drawing.gif", drawing.String(), `"File extension “gif” is not allowed. Allowed extensions are: png."`},
	} {
		body, contentType := upload(server.TB.(*testing.T), map[string]string{"name": "House", "site": "https://example.com/", "tags": "a"}, [3]string{"photo", test.name, test.content})
		sent := server.Do(testapp.Request{Method: "POST", Path: "/api/doctors/", Token: alice.Access, Header: map[string]string{"Content-Type": contentType}, Body: body})
		if want := `{"photo":[` + test.want + `]}`; test.want == "" && sent.Status != http.StatusCreated || test.want != "" && sent.Body != want {
			server.Errorf("%s, %d bytes: got %d %s\nwant %s", test.name, len(test.content), sent.Status, sent.Body, want)
		}
	}
}
