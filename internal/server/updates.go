package server

import (
	"database/sql"
	"errors"
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/deletion"
	"carebase/internal/endpoint"
	"carebase/internal/etag"
)

// writeInTransaction reads and writes a record in one transaction, so that of two
// updates at the same time none overwrites what the other one changed, of two
// deletions only one finds the record, and what If-Match names is what is changed.
// PocketBase reads first and writes all of what it has read. The answer waits for the
// commit.
func writeInTransaction(e *core.RequestEvent) error {
	switch endpoint.Of(e.Request) {
	case endpoint.UpdateRecord:
		return updateRecord(e)
	case endpoint.DeleteRecord:
	case endpoint.CreateRecord:
		return createOnce(e)
	case endpoint.Batch:
		return checkBatch(e)
	default:
		return e.Next()
	}
	// The body is read before the transaction, which must not wait for it.
	if _, err := e.RequestInfo(); err != nil {
		return unreadable(e, err)
	}
	end, err := lookBeforeDeletion(e)
	defer end()
	if err != nil {
		return err
	}
	return audit.InTransaction(&e.App, e.Next)
}

// unreadable returns the answer to a body that PocketBase cannot read, or that has too
// many bytes.
func unreadable(e *core.RequestEvent, err error) error {
	return apiError(err, e.BadRequestError("An error occurred while loading the submitted data.", err))
}

// updateRecord updates in a transaction, but for an account whose update depends on nothing
// that is stored: hashing its password would keep other writers waiting. It writes only
// what it changes: see bindUpdates.
func updateRecord(e *core.RequestEvent) error {
	info, err := e.RequestInfo()
	if err != nil {
		return unreadable(e, err)
	}
	collection, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err == nil && collection.IsAuth() && !etag.IsAsked(e.Request) && !isRelative(e.Request, collection, info.Body) {
		return e.Next()
	}
	return audit.InTransaction(&e.App, e.Next)
}

// isRelative reports whether what an update stores depends on what is stored: it has a
// modifier, such as "visits+", or changes files, which are removed where the record does not
// name them any more.
func isRelative(request *http.Request, collection *core.Collection, body map[string]any) bool {
	for name := range body {
		_, isFile := collection.Fields.GetByName(name).(*core.FileField)
		if isFile || strings.HasPrefix(name, "+") || strings.HasSuffix(name, "+") || strings.HasSuffix(name, "-") {
			return true
		}
	}
	return request.MultipartForm != nil && len(request.MultipartForm.File) > 0
}

// lookBeforeDeletion looks whether others require what would go with a record, if the
// caller may delete that. What it finds counts until the caller calls end.
func lookBeforeDeletion(e *core.RequestEvent) (end func(), err error) {
	end = func() {}
	collection, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	if err != nil || !deletion.Looks(e.App, collection) {
		return end, nil // PocketBase tells of an unknown collection
	}
	record, err := e.App.FindRecordById(collection, e.Request.PathValue("id"))
	if errors.Is(err, sql.ErrNoRows) {
		return end, nil
	}
	if err != nil {
		return end, err
	}
	info, err := e.RequestInfo()
	if err != nil {
		return end, err
	}
	if allowed, err := e.App.CanAccessRecord(record, info, collection.DeleteRule); err != nil || !allowed {
		return end, err
	}
	return deletion.Look(e.Request.Context(), e.App, record)
}

// bindUpdates has every request that updates a record write only the columns that
// it changes.
func bindUpdates(app core.App) {
	app.OnRecordUpdateRequest().BindFunc(func(e *core.RecordRequestEvent) error {
		e.Record.IgnoreUnchangedFields(true)
		return e.Next()
	})
	app.OnRecordConfirmPasswordResetRequest().BindFunc(func(e *core.RecordConfirmPasswordResetRequestEvent) error {
		e.Record.IgnoreUnchangedFields(true)
		return e.Next()
	})
	app.OnRecordConfirmVerificationRequest().BindFunc(func(e *core.RecordConfirmVerificationRequestEvent) error {
		e.Record.IgnoreUnchangedFields(true)
		return e.Next()
	})
	app.OnRecordConfirmEmailChangeRequest().BindFunc(func(e *core.RecordConfirmEmailChangeRequestEvent) error {
		e.Record.IgnoreUnchangedFields(true)
		return e.Next()
	})
}

// isMultipart reports whether a request may bring files.
func isMultipart(request *http.Request) bool {
	return strings.HasPrefix(strings.ToLower(request.Header.Get("Content-Type")), "multipart/")
}
