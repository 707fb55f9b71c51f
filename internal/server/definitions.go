package server

import (
	"errors"
	"math"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/collections"
	"carebase/internal/dberror"
)

// bindDefinitions has requests that define collections tell failures of the database.
// PocketBase answers with the text of one, as with a mistake of the client, and keeps no
// cause. It stands inside all other hooks.
func bindDefinitions(app core.App) {
	ofOne := &hook.Handler[*core.CollectionRequestEvent]{Priority: math.MaxInt, Func: func(e *core.CollectionRequestEvent) error {
		return define(e.RequestEvent, e.Next)
	}}
	app.OnCollectionCreateRequest().Bind(ofOne)
	app.OnCollectionUpdateRequest().Bind(ofOne)
	app.OnCollectionsImportRequest().Bind(&hook.Handler[*core.CollectionsImportRequestEvent]{Priority: math.MaxInt, Func: func(e *core.CollectionsImportRequestEvent) error {
		return define(e.RequestEvent, e.Next)
	}})
}

// define answers a request with a definingApp.
func define(e *core.RequestEvent, next func() error) error {
	app, defining := e.App, &definingApp{App: e.App}
	e.App = defining
	defer func() { e.App = app }()
	err := next()
	if refusal := dberror.Refusal(defining.failures); err != nil && refusal != nil {
		return refusal
	}
	return err
}

// definingApp is an app for one request that defines a collection, or tries a view. It
// keeps why that failed, and shows any text of a view.
type definingApp struct {
	core.App
	failures error
}

// Save implements core.App.
func (a *definingApp) Save(model core.Model) error { return a.keep(a.App.Save(model)) }

// ImportCollections implements core.App.
func (a *definingApp) ImportCollections(imported []map[string]any, deleteMissing bool) error {
	return a.keep(a.App.ImportCollections(imported, deleteMissing))
}

// DryRunView implements core.App.
func (a *definingApp) DryRunView(query string, sampleSize int) (*core.DryRunViewResult, error) {
	result, err := a.App.DryRunView(query, sampleSize)
	if err != nil {
		return nil, a.keep(err)
	}
	for _, record := range result.Sample {
		if err := collections.QuoteTexts(record); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func (a *definingApp) keep(err error) error {
	a.failures = errors.Join(a.failures, err)
	return err
}
