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
		if isSlow(e) && !etag.IsAsked(e.Request) {
			return e.Next()
		}
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
		return e.BadRequestError("An error occurred while loading the submitted data.", err)
	}
	if endpoint.Of(e.Request) == endpoint.DeleteRecord {
		end, err := lookBeforeDeletion(e)
		defer end()
		if err != nil {
			return err
		}
	}
	return audit.InTransaction(&e.App, e.Next)
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

// isSlow recognizes updates that would keep other writers waiting while a password
// is hashed or a file stored. They write only what they change: see
// bindUpdates.
func isSlow(e *core.RequestEvent) bool {
	collection, err := e.App.FindCachedCollectionByNameOrId(e.Request.PathValue("collection"))
	return err == nil && collection.IsAuth() || isMultipart(e.Request)
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
