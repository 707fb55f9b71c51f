package server_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/testing/testapp"
)

// userRule is the rule that admits every user. PocketBase itself asks for askedRule.
const (
	userRule  = `@request.auth.collectionName = "users"`
	askedRule = userRule + ` && @request.auth.id != ""`
)

// visits makes a collection with fields of each kind that a request can name.
func visits(t *testing.T, app core.App, name, createRule string) *core.Collection {
	t.Helper()
	users, err := app.FindCachedCollectionByNameOrId("users")
	if err != nil {
		t.Fatal(err)
	}
	made := core.NewBaseCollection(name)
	made.CreateRule, made.ViewRule = &createRule, types.Pointer("")
	made.Fields.Add(
		&core.TextField{Name: "reason", Required: true, Max: 20},
		&core.NumberField{Name: "minutes", OnlyInt: true},
		&core.SelectField{Name: "tags", Values: []string{"a", "b", "c"}, MaxSelect: 3},
		&core.JSONField{Name: "details"},
		&core.TextField{Name: "secret", Hidden: true},
		&core.RelationField{Name: "seen_by", CollectionId: users.Id, MaxSelect: 1},
		&core.FileField{Name: "letter", MaxSelect: 1, MaxSize: 1 << 10},
		&core.AutodateField{Name: "created", OnCreate: true},
	)
	if err := app.Save(made); err != nil {
		t.Fatal(err)
	}
	return made
}

// TestCreationsAreAsPocketBases creates the same records under a rule that is known to
// admit users and under one that PocketBase asks the database about.
func TestCreationsAreAsPocketBases(t *testing.T) {
	t.Parallel()
	app := testapp.NewApp(t, testapp.Default())
	surrounded, hooked := map[string]int{}, map[string]string{}
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		for _, priority := range []int{0, 2_000_000} {
			e.Router.Bind(&hook.Handler[*core.RequestEvent]{Priority: priority, Func: func(e *core.RequestEvent) error { // as a script's routerUse
				if e.Request.Method == http.MethodPost && strings.HasSuffix(e.Request.URL.Path, "/records") {
					surrounded[e.Request.PathValue("collection")]++
				}
				return e.Next()
			}})
		}
		return e.Next()
	})
	app.OnRecordCreateRequest("quick", "asked").BindFunc(func(e *core.RecordRequestEvent) error {
		info, err := e.RequestInfo()
		if err != nil {
			return err
		}
		hooked[e.Collection.Name] += regexp.MustCompile(`0x\w+`).ReplaceAllString(fmt.Sprintln(info.Body), "a file")
		if e.Record.GetString("reason") == "refused" {
			return e.ForbiddenError("Not today.", nil)
		}
		return e.Next()
	})
	s := testapp.Serve(t, app)
	quick, asked := visits(t, app, "quick", userRule), visits(t, app, "asked", askedRule)
	user := s.SignUp("alice")
	form, formType := letter(t)
	for _, sent := range []struct {
		name    string
		request testapp.Request
	}{
		{"a record", testapp.Request{Body: `{"reason":"Cough","minutes":5,"tags":["a","b"],"details":{"x":[1,2.5]},"seen_by":"` + user.ID + `"}`}},
		{"modifiers", testapp.Request{Body: `{"reason":"Cough","tags+":["a"],"+tags":"c","minutes+":3}`}},
		{"a hidden field", testapp.Request{Body: `{"reason":"Cough","secret":"x"}`}},
		{"unknown fields", testapp.Request{Body: `{"reason":"Cough","nothing":"x","collectionName":"users"}`}},
		{"an own id", testapp.Request{Body: `{"reason":"Cough","id":"abcdefghijklmno"}`}},
		{"that id again", testapp.Request{Body: `{"reason":"Cough","id":"abcdefghijklmno"}`}},
		{"a bad id", testapp.Request{Body: `{"reason":"Cough","id":"a b"}`}},
		{"nothing required", testapp.Request{Body: `{"minutes":5}`}},
		{"bad values", testapp.Request{Body: `{"reason":"` + strings.Repeat("x", 21) + `","minutes":2.5,"tags":["z"],"seen_by":"nobody"}`}},
		{"no object", testapp.Request{Body: `[1]`}},
		{"no JSON", testapp.Request{Body: `{"reason":`}},
		{"nothing", testapp.Request{}},
		{"a form", testapp.Request{Body: "reason=Cough&minutes=7", Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}},
		{"a form with a file", testapp.Request{Body: form, Header: map[string]string{"Content-Type": formType}}},
		{"a refusal by a hook", testapp.Request{Body: `{"reason":"refused"}`}},
		{"some fields", testapp.Request{Path: "?fields=reason,expand.seen_by.id&expand=seen_by", Body: `{"reason":"Cough","seen_by":"` + user.ID + `"}`}},
		{"a bad expansion", testapp.Request{Path: "?expand=nothing", Body: `{"reason":"Cough"}`}},
		{"a guest", testapp.Request{Token: "-", Body: `{"reason":"Cough"}`}},
		{"a superuser", testapp.Request{Token: s.Superuser(), Body: `{"reason":"Cough","secret":"x"}`}},
	} {
		request := sent.request
		request.Method = http.MethodPost
		switch request.Token {
		case "":
			request.Token = user.Access
		case "-":
			request.Token = ""
		}
		var answers [2]string
		for i, collection := range []*core.Collection{asked, quick} {
			each := request
			each.Path = "/api/collections/" + collection.Name + "/records" + request.Path
			answer := s.Do(each)
			answers[i] = fmt.Sprintf("%d %s %s", answer.Status, answer.Header.Get("Content-Type"), masked(string(answer.Body), collection))
		}
		if answers[0] != answers[1] {
			t.Errorf("%s: PocketBase answers\n%s\nand not\n%s", sent.name, answers[0], answers[1])
		}
	}
	for _, collection := range []*core.Collection{asked, quick} {
		if found, err := s.App.FindAllRecords(collection, dbx.HashExp{"secret": "x"}); err != nil || len(found) != 1 {
			t.Errorf("%s: %d records have what superusers only may set (%v)", collection.Name, len(found), err)
		}
	}
	if surrounded["asked"] == 0 || surrounded["asked"] != surrounded["quick"] {
		t.Errorf("%v requests passed the script's middleware", surrounded)
	}
	if hooked["asked"] == "" || hooked["asked"] != hooked["quick"] {
		t.Errorf("PocketBase's hooks get\n%sand not\n%s", hooked["asked"], hooked["quick"])
	}
}

// masked returns an answer without what differs between two collections and records.
func masked(body string, of *core.Collection) string {
	body = strings.NewReplacer(of.Name, "NAME", of.Id, "COLLECTION").Replace(body)
	body = regexp.MustCompile(`"id":"[^"]*"`).ReplaceAllString(body, `"id":""`)
	body = regexp.MustCompile(`letter_\w+`).ReplaceAllString(body, "letter_")
	return regexp.MustCompile(`"created":"[^"]*"`).ReplaceAllString(body, `"created":""`)
}

// letter returns a form with a file.
func letter(t *testing.T) (body, contentType string) {
	t.Helper()
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("letter", "letter.txt")
	if err == nil {
		_, err = part.Write([]byte("Dear colleague"))
	}
	if err == nil {
		err = writer.WriteField("reason", "Cough")
	}
	if err == nil {
		err = writer.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return form.String(), writer.FormDataContentType()
}
