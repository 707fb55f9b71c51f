package server_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/testing/testapp"
)

// TestBodiesAreStoredAsSent sends what PocketBase's decoder alters.
func TestBodiesAreStoredAsSent(t *testing.T) {
	c := testapp.NewClinic(t)
	results := core.NewBaseCollection("results")
	results.Fields.Add(&core.JSONField{Name: "data"}, &core.NumberField{Name: "number"}, &core.TextField{Name: "text"})
	if err := c.App.Save(results); err != nil {
		t.Fatal(err)
	}
	path := testapp.Records("results")
	for _, test := range []struct {
		body, code string
	}{
		{`{"data":{"n":9007199254740993}}`, "validation_inexact_number"},
		{`{"data":[[-90071992547409920]]}`, "validation_inexact_number"},
		{`{"number":9007199254740993}`, "validation_inexact_number"},
		{`{"data":{"a":"\ud800"}}`, "validation_lone_surrogate"},
		{`{"data":{"\udc00x":1}}`, "validation_lone_surrogate"},
		{`{"text":"\ud83dx"}`, "validation_lone_surrogate"},
		{`{"data":{"a":1,"a":2}}`, "validation_duplicate_key"},
		{`{"data":"{\"a\":1,\"a\":2}"}`, "validation_duplicate_key"},
		{`{"data":" [9007199254740993]"}`, "validation_inexact_number"},
		{`{"text":"{\"a\":1,\"a\":2}"}`, ""},
		{`{"data":{"n":9007199254740992,"x":1.5e300,"s":"9007199254740993","e":"\ud83d\ude00","b":{"a":1},"c":{"a":1}}}`, ""},
	} {
		for name, answer := range map[string]testapp.Response{
			"JSON":      c.Do(testapp.Request{Method: "POST", Path: path, Token: c.SuperuserToken, Body: test.body}),
			"multipart": multipartCall(t, c, path, "@jsonPayload", test.body),
			"batch": c.Do(testapp.Request{Method: "POST", Path: "/api/batch", Token: c.SuperuserToken,
				Body: fmt.Sprintf(`{"requests":[{"method":"POST","url":%q,"body":%s}]}`, path, test.body)}),
		} {
			if test.code == "" && answer.Status != http.StatusOK || test.code != "" && (answer.Status != http.StatusBadRequest || !strings.Contains(answer.Body, test.code)) {
				t.Errorf("%s, %s: got %d %s, want %q", name, test.body, answer.Status, answer.Body, test.code)
			}
		}
	}
	if answer := multipartCall(t, c, path, "data", `{"a":1,"a":2}`); answer.Status != http.StatusBadRequest {
		t.Errorf("a field of a form: got %d %s", answer.Status, answer.Body)
	}
	for body, code := range map[string]string{
		"number=9007199254740993": "validation_inexact_number", "number=9007199254740992": "", "number%2B=9007199254740993": "validation_inexact_number",
		"text=a&text=b": "validation_duplicate_key", "text=a&number=1": "", "data=1&data=2": "", `data={"a":1,"a":2}`: "validation_duplicate_key",
		`text=a&@jsonPayload={"text":"b"}`: "validation_duplicate_key", `@jsonPayload={"text":"a"}&@jsonPayload={"text":"b"}`: "validation_duplicate_key",
	} {
		answer := c.Do(testapp.Request{Method: "POST", Path: path, Token: c.SuperuserToken, Body: body, Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
		if code == "" && answer.Status != http.StatusOK || code != "" && (answer.Status != http.StatusBadRequest || !strings.Contains(answer.Body, code)) {
			t.Errorf("the form %s: got %d %s, want %q", body, answer.Status, answer.Body, code)
		}
	}
	for _, answer := range []testapp.Response{
		c.Call(c.SuperuserToken, "POST", path, map[string]any{"number": "-9007199254740993"}),
		c.Batch(c.SuperuserToken, "POST", path, map[string]any{"number": "9007199254740993"}),
	} {
		if answer.Status != http.StatusBadRequest || !strings.Contains(answer.Body, "validation_inexact_number") {
			t.Errorf("a number as text: got %d %s", answer.Status, answer.Body)
		}
	}
	if answer := multipartCall(t, c, path, "text", `{no JSON`); answer.Status != http.StatusOK {
		t.Errorf("a text in braces: got %d %s", answer.Status, answer.Body)
	}
}

func multipartCall(t *testing.T, c testapp.Clinic, path, field, value string) testapp.Response {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField(field, value); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return c.Do(testapp.Request{
		Method: "POST", Path: path, Token: c.SuperuserToken, Body: body.String(),
		Header: map[string]string{"Content-Type": form.FormDataContentType()},
	})
}
