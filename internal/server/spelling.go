package server

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
	"carebase/internal/rest"
	"carebase/internal/simplejwt"
)

// acceptAddress has PocketBase look for an account by its address as it is stored,
// however the request spells it.
func acceptAddress(e *core.RequestEvent, address string) error {
	collection := collections.Find(e.App, e.Request.PathValue("collection"))
	if collection == nil || !collection.IsAuth() {
		return nil
	}
	account, err := collections.FindByEmail(e.App, collection, address)
	if err != nil || account == nil || account.Email() == address {
		return err
	}
	return replaceBody(e, map[string]string{core.FieldNameEmail: account.Email()})
}

// acceptSpelling has PocketBase check a password in the spelling that new ones are stored
// in, if that is right, and as it was typed otherwise. Unknown addresses take as long.
func acceptSpelling(e *core.RecordAuthWithPasswordRequestEvent) error {
	normal := rest.NormalizePassword(e.Password)
	switch {
	case normal == e.Password:
	case e.Record == nil:
		return simplejwt.CheckNobody(e.App, e.Collection.Name, normal)
	case e.Record.ValidatePassword(normal):
		e.Password = normal
	}
	return nil
}

// acceptPasswords does the same for passwords that prove who changes an account.
func acceptPasswords(e *core.RequestEvent) error {
	switch endpoint.Of(e.Request) {
	case endpoint.UpdateRecord:
		for _, record := range bodyOf(e).Records {
			acceptOldPassword(e.Auth, record)
		}
	case endpoint.ConfirmEmail:
		form := bodyOf(e).Form
		normal := rest.NormalizePassword(form.Password)
		record, err := e.App.FindAuthRecordByToken(form.Token, core.TokenTypeEmailChange)
		if err == nil && normal != form.Password && record.ValidatePassword(normal) {
			return replaceBody(e, map[string]string{"token": form.Token, core.FieldNamePassword: normal})
		}
	}
	return nil
}

// acceptOldPassword has PocketBase check the caller's password in a record's new values in
// the spelling that it is stored in.
func acceptOldPassword(caller *core.Record, values map[string]any) {
	typed, _ := values[oldPassword].(string)
	_, changes := values[core.FieldNamePassword]
	if normal := rest.NormalizePassword(typed); changes && caller != nil && normal != typed && caller.ValidatePassword(normal) {
		values[oldPassword] = normal
	}
}

// replaceBody replaces what the handler reads.
func replaceBody(e *core.RequestEvent, values map[string]string) error {
	content, err := json.Marshal(values)
	if err != nil {
		return err
	}
	e.Request.Body = &router.RereadableReadCloser{ReadCloser: io.NopCloser(bytes.NewReader(content))}
	e.Request.ContentLength = int64(len(content))
	e.Request.Header.Set("Content-Type", "application/json")
	return nil
}
