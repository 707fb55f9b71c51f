package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/audit"
	"carebase/internal/etag"
	"carebase/internal/idempotency"
)

// bindConditional gives the record API tags and If-Match, as the documented API has
// them. The hooks run when PocketBase has found that the caller may see the record.
func bindConditional(app core.App) {
	app.OnRecordViewRequest().BindFunc(func(e *core.RecordRequestEvent) error {
		if err := tagView(e); err != nil {
			return err
		}
		return e.Next()
	})
	app.OnRecordUpdateRequest().BindFunc(func(e *core.RecordRequestEvent) error {
		if err := checkTag(e); err != nil {
			return err
		}
		if err := e.Next(); err != nil || e.App.TxInfo() == nil {
			return err
		}
		// The answer waits for the commit.
		return setTag(e)
	})
	app.OnRecordDeleteRequest().BindFunc(func(e *core.RecordRequestEvent) error {
		if err := checkTag(e); err != nil {
			return err
		}
		return e.Next()
	})
	app.OnRecordCreateRequest().BindFunc(createIdempotent)
}

// tagView sets the ETag of a viewed record, unless the record changes at this very
// moment: a tag must not be newer than the representation.
func tagView(e *core.RecordRequestEvent) error {
	if e.Collection.IsView() || e.Collection.IsAuth() {
		return nil
	}
	tag, err := etag.OfRecord(e.Request.Context(), e.App, e.Record)
	if err == nil && tag != "" {
		e.Response.Header().Set("ETag", tag)
	}
	return err
}

func setTag(e *core.RecordRequestEvent) error {
	tag, err := etag.Of(e.Request.Context(), e.App, e.Collection, e.Record.Id)
	if err == nil && !isBatch(e.RequestEvent) {
		e.Response.Header().Set("ETag", tag)
	}
	return err
}

// checkTag returns a 412 if the request's If-Match names another tag.
func checkTag(e *core.RecordRequestEvent) error {
	if !etag.IsAsked(e.Request) {
		return nil
	}
	tag, err := etag.Of(e.Request.Context(), e.App, e.Collection, e.Record.Id)
	if err != nil {
		return err
	}
	if etag.Check(e.Request, tag) != nil {
		e.Response.Header().Set("ETag", tag)
		return router.NewApiError(http.StatusPreconditionFailed, "The record has changed since it was read.", nil)
	}
	return nil
}

// checkBatch refuses conditions of a whole batch, which its requests would share.
// A request in a batch has its own If-Match, and no Idempotency-Key: what it did would
// be sent again without the others.
func checkBatch(e *core.RequestEvent) error {
	if etag.IsAsked(e.Request) {
		return e.BadRequestError("If-Match goes with each request of a batch, in its headers.", nil)
	}
	if e.Request.Header.Get(idempotency.Header) != "" {
		return noKeyInBatch(e)
	}
	return e.Next()
}

func noKeyInBatch(e *core.RequestEvent) error {
	return e.BadRequestError("A batch takes no Idempotency-Key.", nil)
}

// isBatch reports whether a request is part of a batch.
func isBatch(e *core.RequestEvent) bool {
	return e.Get(core.RequestEventKeyInfoContext) == core.RequestInfoContextBatch
}

// idempotencyKey is the key of a request event under which its *idempotency.Key is
// stored.
const idempotencyKey = "carebase.server.idempotency"

// createOnce lets a client send a creation again under its Idempotency-Key.
func createOnce(e *core.RequestEvent) error {
	if e.Request.Header.Get(idempotency.Header) == "" || e.Auth == nil {
		return e.Next()
	}
	key, end, err := idempotency.Begin(e.Request, e.Auth.Id, e.Auth.Collection().Id+e.Auth.Id, "native "+e.Request.PathValue("collection"))
	if err != nil {
		return idempotencyError(err)
	}
	defer end()
	if _, err := e.RequestInfo(); err != nil {
		return unreadable(e, err)
	}
	e.Set(idempotencyKey, key)
	return audit.InTransaction(&e.App, e.Next)
}

// createIdempotent returns the record that an earlier request with the same key
// created, or stores the id of the one that it creates.
func createIdempotent(e *core.RecordRequestEvent) error {
	if isBatch(e.RequestEvent) && e.Request.Header.Get(idempotency.Header) != "" {
		return noKeyInBatch(e.RequestEvent)
	}
	key, ok := e.Get(idempotencyKey).(*idempotency.Key)
	if !ok {
		return e.Next()
	}
	body, err := sent(e.RequestEvent)
	if err != nil {
		return err
	}
	ctx := context.WithoutCancel(e.Request.Context())
	done, err := key.Find(ctx, e.App, body)
	if err != nil {
		return idempotencyError(err)
	}
	if done != nil {
		return replay(e, done)
	}
	if err := e.Next(); err != nil {
		return err
	}
	return key.Keep(ctx, e.App, http.StatusOK, e.Record.Id)
}

// sent returns what tells a request's body from another: its values, and digests of
// its files.
func sent(e *core.RequestEvent) ([]byte, error) {
	info, err := e.RequestInfo()
	if err != nil {
		return nil, err
	}
	files := map[string][]string{}
	if form := e.Request.MultipartForm; form != nil {
		for field, uploads := range form.File {
			for _, upload := range uploads {
				digest, err := digestOf(upload)
				if err != nil {
					return nil, err
				}
				files[field] = append(files[field], digest+upload.Filename)
			}
		}
	}
	return json.Marshal([]any{info.Body, files})
}

func digestOf(upload *multipart.FileHeader) (string, error) {
	file, err := upload.Open()
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func replay(e *core.RecordRequestEvent, done *idempotency.Done) error {
	record, err := e.App.FindRecordById(e.Collection, done.Record)
	if err != nil {
		return e.NotFoundError("", err)
	}
	if err := apis.EnrichRecord(e.RequestEvent, record); err != nil {
		return err
	}
	e.Response.Header().Set(idempotency.Replayed, "true")
	return e.JSON(done.Status, record)
}

// idempotencyError maps the errors of package idempotency to HTTP.
func idempotencyError(err error) error {
	for refusal, status := range map[error]int{
		idempotency.ErrInvalid: http.StatusBadRequest, idempotency.ErrUnderWay: http.StatusConflict,
		idempotency.ErrOtherBody: http.StatusUnprocessableEntity, idempotency.ErrNoUser: http.StatusUnauthorized,
	} {
		if errors.Is(err, refusal) {
			return router.NewApiError(status, strings.ToUpper(refusal.Error()[:1])+refusal.Error()[1:]+".", nil)
		}
	}
	return err
}
