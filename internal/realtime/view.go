package realtime

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/picker"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/dberror"
	"carebase/internal/deadline"
)

const (
	expandParam = "expand"
	fieldsParam = "fields"
)

// ownEnrichments is how many hooks of this program there are on OnRecordEnrich.
// None of them shows readers different things. With others, what one reader sees is
// not taken for what another one would see.
const ownEnrichments = 3

// views encodes a changed record, once for each distinct view of it.
type views struct {
	app     core.App
	access  *access
	mutex   sync.Mutex
	encoded map[view][]byte
	// asks is whether any subscription may take more than the record.
	asks bool
	// next are those by the collection as it has become since; nil if it is the same.
	next *views
	// position is the id of the change's events; empty if they have none.
	position string
}

// view is what the encoding of a record depends on.
type view struct {
	reader, expand, fields, options string
	client                          *Client
}

const (
	superusers = "superusers"
	others     = "others"
)

// view returns which view a subscription has.
func (v *views) view(client *Client, auth *core.Record, by topic) view {
	query := by.options.Query
	shown := view{expand: query[expandParam], fields: query[fieldsParam]}
	collection := v.access.rules
	switch {
	case v.app.OnRecordEnrich().Length() > ownEnrichments:
		shown.reader, shown.options = readerOf(auth), by.name
	case shown.expand != "" || collection.IsAuth():
		shown.reader = readerOf(auth)
		if collection.IsAuth() && collection.ManageRule != nil {
			shown.options = by.name
		}
	case auth != nil && auth.IsSuperuser():
		shown.reader = superusers
	default:
		shown.reader = others
	}
	if shown.fields != "" && !slices.Contains(strings.Split(strings.ReplaceAll(shown.fields, " ", ""), ","), core.FieldNameId) {
		shown.client = client // without an id, the encoding is what the audit trail records
	}
	return shown
}

// encode returns the data of the message for a subscription.
func (v *views) encode(ctx context.Context, client *Client, auth *core.Record, by topic) ([]byte, error) {
	shown := v.view(client, auth, by)
	v.mutex.Lock()
	data, known := v.encoded[shown]
	v.mutex.Unlock()
	if known {
		return data, nil
	}
	data, err := v.make(ctx, auth, by, shown)
	if err == nil && deadline.Err(ctx) == nil {
		v.mutex.Lock()
		defer v.mutex.Unlock()
		v.encoded[shown] = data
	}
	return data, err
}

// make encodes a record for a view.
func (v *views) make(ctx context.Context, auth *core.Record, by topic, shown view) ([]byte, error) {
	record := v.access.shown().record.Fresh()
	info := by.info(auth)
	if shown.client != nil {
		info.Auth = withImpersonator(auth, shown.client)
	}
	if info.HasSuperuserAuth() {
		record.Unhide(record.Collection().Fields.FieldNames()...)
	}
	err := enrich(v.app, info, []*core.Record{record}, func() error {
		if shown.expand != "" {
			failed := v.app.ExpandRecord(record, strings.Split(shown.expand, ","), expandFetch(ctx, v.app, info))
			if len(failed) > 0 {
				v.app.Logger().Debug("failed to expand the record of a realtime message", "collection", record.Collection().Name, "errors", failed)
			}
			if err := deadline.Err(ctx); err != nil {
				return err
			}
			for _, err := range failed {
				if isNoAnswer(err) {
					return err
				}
			}
		}
		return v.showEmail(ctx, record, auth, by)
	})
	if err != nil {
		return nil, err
	}
	message := struct {
		Record any    `json:"record"`
		Action string `json:"action"`
	}{record, v.access.change.action}
	if shown.fields != "" {
		if message.Record, err = picker.Pick(record, shown.fields); err != nil {
			return nil, err
		}
	}
	return json.Marshal(message)
}

// showEmail shows the e-mail address of an account to its owner and to those who manage
// it.
func (v *views) showEmail(ctx context.Context, record, auth *core.Record, by topic) (err error) {
	if !record.Collection().IsAuth() {
		return nil
	}
	isShown := isSame(auth, record)
	if !isShown {
		isShown, err = v.isManaged(ctx, auth, by)
	}
	if isShown {
		record.IgnoreEmailVisibility(true)
	}
	return err
}

// isManaged reports whether the subscriber manages a changed account. The error is that
// the database does not answer.
func (v *views) isManaged(ctx context.Context, auth *core.Record, by topic) (isManaged bool, err error) {
	of := v.access.shown()
	isManaged = admits(of.record, auth, of.rules.ManageRule, func(rule string) bool {
		answer, isAnswered := of.answer(ctx, auth, by, rule, true)
		if !isAnswered {
			err = dberror.ErrUnavailable
		}
		return answer
	})
	return isManaged, err
}

// enrich runs the hooks of records, each in that of the one before, and finish in
// the last.
func enrich(app core.App, info *core.RequestInfo, records []*core.Record, finish func() error) error {
	if len(records) == 0 {
		return finish()
	}
	event := new(core.RecordEnrichEvent)
	event.App, event.RequestInfo, event.Record = app, info, records[0]
	return app.OnRecordEnrich().Trigger(event, func(*core.RecordEnrichEvent) error {
		return enrich(app, info, records[1:], finish)
	})
}

// expandFetch returns what fetches expanded records, of those that the subscriber
// can view: the same as for PocketBase's answers, which does not export it.
func expandFetch(ctx context.Context, app core.App, original *core.RequestInfo) core.ExpandFetchFunc {
	info := *original
	info.Context = core.RequestInfoContextExpand
	return func(collection *core.Collection, ids []string) ([]*core.Record, error) {
		if err := deadline.Err(ctx); err != nil {
			return nil, err
		}
		records, err := app.FindRecordsByIds(collection.Id, ids, func(query *dbx.SelectQuery) error {
			return onlyViewable(app, query.WithContext(ctx), collection, &info)
		})
		if err != nil {
			return nil, err
		}
		err = enrich(app, &info, records, func() error {
			for _, record := range records {
				if err := showToReader(app, record, &info); err != nil {
					return err
				}
			}
			return nil
		})
		return records, err
	}
}

// onlyViewable restricts a query to what the view rule admits.
func onlyViewable(app core.App, query *dbx.SelectQuery, collection *core.Collection, info *core.RequestInfo) error {
	switch {
	case info.HasSuperuserAuth():
		return nil
	case collection.ViewRule == nil:
		return fmt.Errorf("only superusers can view %s", collection.Name)
	case *collection.ViewRule == "":
		return nil
	}
	resolver := core.NewRecordFieldResolver(app, collection, info, true)
	condition, err := search.FilterData(*collection.ViewRule).BuildExpr(resolver)
	if err != nil {
		return err
	}
	return resolver.UpdateQuery(query.AndWhere(condition))
}

// showToReader shows hidden fields to superusers, and the e-mail address of an
// account to its owner and to those who manage it. The error is that the database does
// not answer.
func showToReader(app core.App, record *core.Record, info *core.RequestInfo) error {
	collection := record.Collection()
	if info.HasSuperuserAuth() {
		record.Unhide(collection.Fields.FieldNames()...)
		record.IgnoreEmailVisibility(true)
	}
	if !collection.IsAuth() {
		return nil
	}
	if info.Auth != nil && info.Auth.Id == record.Id {
		record.IgnoreEmailVisibility(true)
		return nil
	}
	if rule := collection.ManageRule; rule != nil && *rule != "" {
		managed, err := app.CanAccessRecord(record, info, rule)
		if err != nil {
			app.Logger().Debug("failed to check a manage rule", "collection", collection.Name, "error", err)
		}
		if isNoAnswer(err) {
			return err
		}
		record.IgnoreEmailVisibility(managed)
	}
	return nil
}
