package server

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/endpoint"
	"carebase/internal/sqlite"
)

// withJoining lets what a request writes be committed together with what others write
// at the same time, if it creates or changes one record in a moment. A deletion may take
// others with it, and a batch, an import or a password takes long. A refresh names the
// session that it changes later.
func withJoining(ctx context.Context, e *core.RequestEvent) context.Context {
	if slices.Contains(endpoint.Refreshes[:], endpoint.Path(e.Request)) {
		return sqlite.Joining(ctx, collections.Sessions)
	}
	collection, isRecord := recordsOf(e)
	if collection == "" || isMultipart(e.Request) {
		return ctx
	}
	stored, err := e.App.FindCachedCollectionByNameOrId(collection)
	if err != nil || stored.IsAuth() {
		return ctx
	}
	switch method := e.Request.Method; {
	case method == http.MethodPost && !isRecord:
		return sqlite.Joining(ctx, "")
	case (method == http.MethodPatch || method == http.MethodPut) && isRecord:
		return sqlite.Joining(ctx, stored.Id+"/"+e.Request.PathValue("id"))
	}
	return ctx
}

// recordsOf returns the collection that a request is for in either API, and whether it is
// for one of its records.
func recordsOf(e *core.RequestEvent) (collection string, isRecord bool) {
	path, isRecord := strings.CutSuffix(endpoint.Path(e.Request), "/{id}")
	if endpoint.IsRecords(e.Request) {
		return e.Request.PathValue("collection"), isRecord
	}
	name, _ := strings.CutPrefix(path, "/api/")
	declared := collections.Get(name)
	if declared != nil && declared.Resource != nil || slices.Contains(collections.Served(e.App), name) {
		return name, isRecord
	}
	return "", false
}
