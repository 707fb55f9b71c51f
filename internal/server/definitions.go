package server

import (
	"context"
	"database/sql"
	"math"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/audit"
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
	app, failures := e.App, &databaseFailures{}
	watched, err := audit.Replace(app, failures.watch)
	if err != nil { // a hook has put an app of its own around it, whose statements nobody can watch
		watched = app
	}
	// PocketBase's validators also keep only the text of why a transaction cannot begin.
	if err := watched.RunInTransaction(func(core.App) error { return nil }); err != nil {
		return err
	}
	e.App = &definingApp{App: watched, failures: failures}
	defer func() { e.App = app }()
	err = next()
	if refusal := dberror.Refusal(failures.first); err != nil && refusal != nil {
		return refusal
	}
	return err
}

// databaseFailures are those that statements of one request have met.
type databaseFailures struct {
	mutex sync.Mutex
	first error
}

func (f *databaseFailures) add(err error) {
	if dberror.Refusal(err) == nil {
		return
	}
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if f.first == nil {
		f.first = err
	}
}

// watch returns a copy of the app that adds the failures of its statements: PocketBase's
// validators keep their texts only.
func (f *databaseFailures) watch(app core.App) (core.App, error) {
	return withDatabases(app, func(_ string, pool *dbx.DB) *dbx.DB {
		watched := pool.WithContext(pool.Context())
		watched.QueryLogFunc = func(ctx context.Context, took time.Duration, text string, rows *sql.Rows, err error) {
			f.add(err)
			if pool.QueryLogFunc != nil {
				pool.QueryLogFunc(ctx, took, text, rows, err)
			}
		}
		watched.ExecLogFunc = func(ctx context.Context, took time.Duration, text string, result sql.Result, err error) {
			f.add(err)
			if pool.ExecLogFunc != nil {
				pool.ExecLogFunc(ctx, took, text, result, err)
			}
		}
		return watched
	})
}

// definingApp is an app for one request that defines a collection, or tries a view. It
// keeps why that failed, and shows any text of a view.
type definingApp struct {
	core.App
	failures *databaseFailures
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
	a.failures.add(err)
	return err
}
