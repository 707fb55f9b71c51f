package hooks_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/collections"
	"carebase/internal/testing/testapp"
)

func TestClosedRegistration(t *testing.T) {
	settings := testapp.Default()
	settings.RegistrationClosed = true
	app := testapp.NewApp(t, settings)
	app.Settings().Batch.Enabled = true
	if err := app.Save(app.Settings()); err != nil {
		t.Fatal(err)
	}
	server := testapp.Serve(t, app)
	account := map[string]any{"name": "Ann", "email": "ann@example.com", "password": testapp.Password, "passwordConfirm": testapp.Password}
	for _, method := range []string{"POST", "OPTIONS"} {
		answer := server.Call("", method, "/api/auth/register/", account)
		var body map[string]any
		if err := json.Unmarshal([]byte(answer.Body), &body); answer.Status != 403 || err != nil || body["detail"] != "You do not have permission to perform this action." {
			t.Errorf("%s at the documented API: got %d %s", method, answer.Status, answer.Body)
		}
	}
	inBatch := func(method string) any {
		return map[string]any{"requests": []any{map[string]any{"method": method, "url": testapp.Records(collections.Users), "body": account}}}
	}
	if answer := server.Call("", "POST", testapp.Records(collections.Users), account); answer.Status != 403 {
		t.Errorf("the record API: got %d %s", answer.Status, answer.Body)
	}
	for _, method := range []string{"POST", "PUT"} {
		if answer := server.Call("", "POST", "/api/batch", inBatch(method)); answer.Status != 400 {
			t.Errorf("a batch: got %d %s", answer.Status, answer.Body)
		}
	}
	if count, err := app.CountRecords(collections.Users); err != nil || count != 0 {
		t.Fatalf("there are %d accounts (%v)", count, err)
	}

	superuser := server.Superuser()
	server.Must(200, superuser, "POST", testapp.Records(collections.Users), account)
	server.Must(200, "", "POST", "/api/auth/login/", account)
}

func TestClosedRegistrationByOAuth2(t *testing.T) {
	settings := testapp.Default()
	settings.RegistrationClosed = true
	app := testapp.NewApp(t, settings)
	users, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		t.Fatal(err)
	}
	for _, isNew := range []bool{true, false} {
		event := &core.RecordAuthWithOAuth2RequestEvent{RequestEvent: &core.RequestEvent{App: app}, IsNewRecord: isNew}
		event.Collection = users
		err := app.OnRecordAuthWithOAuth2Request().Trigger(event, func(*core.RecordAuthWithOAuth2RequestEvent) error { return nil })
		var refusal *router.ApiError
		if refused := errors.As(err, &refusal) && refusal.Status == 403; refused != isNew {
			t.Errorf("a new account %v: got %v", isNew, err)
		}
	}
}
