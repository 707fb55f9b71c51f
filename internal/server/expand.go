package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
	"carebase/internal/dberror"
	"carebase/internal/deadline"
)

// expandParam is PocketBase's expand query parameter.
const expandParam = "expand"

// expansion holds what the response of a request may still show of expanded records, and
// of those that a batch has written: how many, and how many bytes. The longest record
// takes none, so that one of any length can be shown.
type expansion struct {
	left           int
	bytes, longest int64
	// sizes are those of the records, which may be shown more than once.
	sizes map[*core.Record]int64
}

func (b bounds) expansion() *expansion {
	return &expansion{left: b.expanded, bytes: b.bytes.Others, sizes: map[*core.Record]int64{}}
}

type expansionKey struct{}

type expansionContext struct {
	context.Context
	expansion *expansion
}

// Value implements context.Context.
func (c expansionContext) Value(key any) any {
	if key == (expansionKey{}) {
		return c.expansion
	}
	return c.Context.Value(key)
}

func withExpansion(ctx context.Context, state *expansion) context.Context {
	return expansionContext{ctx, state}
}

// expansionOf returns the expansion of the request that an app belongs to, inside or
// outside a transaction; nil if there is none.
func expansionOf(app core.App) *expansion {
	ctx := app.ConcurrentDB().NewQuery("").Context()
	if ctx == nil {
		return nil
	}
	state, _ := ctx.Value(expansionKey{}).(*expansion)
	return state
}

var errTooManyExpanded = errors.New("too many records to expand")

func tooManyExpanded() error {
	return router.NewBadRequestError("The answer would expand too many records. Ask for fewer records or relations at a time.", errTooManyExpanded)
}

// ExpandRecords implements core.App. It stops reading once the records exceed the
// request's limit.
func (a *boundedApp) ExpandRecords(records []*core.Record, expands []string, fetch core.ExpandFetchFunc) map[string]error {
	if fetch == nil {
		return a.App.ExpandRecords(records, expands, nil)
	}
	left := a.expansion.left
	return a.App.ExpandRecords(records, expands, func(collection *core.Collection, ids []string) ([]*core.Record, error) {
		if left -= len(ids); left < 0 {
			a.expansion.left = -1
			return nil, errTooManyExpanded
		}
		return fetch(collection, ids)
	})
}

// ExpandRecord implements core.App.
func (a *boundedApp) ExpandRecord(record *core.Record, expands []string, fetch core.ExpandFetchFunc) map[string]error {
	return a.ExpandRecords([]*core.Record{record}, expands, fetch)
}

// bindExpansion rejects a response that repeats too many expanded records, or that
// lacks some because the deadline has passed: PocketBase only logs that.
func bindExpansion(app core.App) {
	app.OnRecordEnrich().BindFunc(func(e *core.RecordEnrichEvent) error {
		isRead := e.RequestInfo.Method == http.MethodGet || e.RequestInfo.Method == http.MethodHead
		err := e.Next()
		if err != nil || isRead && e.RequestInfo.Query[expandParam] == "" || e.RequestInfo.Context == core.RequestInfoContextExpand {
			return err
		}
		state := expansionOf(e.App)
		if state == nil { // a realtime message
			state = userBounds.expansion()
		}
		if !isRead {
			state.show(e.Record) // a batch holds all of its answers
		}
		switch state.count(e.Record); {
		case state.left < 0:
			return tooManyExpanded()
		case state.bytes < 0:
			return dberror.TooMuch(deadline.ErrTooMuch)
		}
		if work := deadline.OfDatabase(e.App.ConcurrentDB()); work != nil && isRead && work.Err() != nil {
			return work.Err()
		}
		return nil
	})
}

// count subtracts all records expanded below a record, counting repetitions, until a
// limit is exceeded.
func (x *expansion) count(record *core.Record) {
	for _, expanded := range record.Expand() {
		var below []*core.Record
		switch expanded := expanded.(type) {
		case *core.Record:
			below = []*core.Record{expanded}
		case []*core.Record:
			below = expanded
		}
		x.left -= len(below)
		for _, next := range below {
			if x.left < 0 || x.bytes < 0 {
				return
			}
			x.show(next)
			x.count(next)
		}
	}
}

// show subtracts the bytes of a record.
func (x *expansion) show(record *core.Record) {
	size := x.sizeOf(record)
	x.bytes -= min(size, x.longest)
	x.longest = max(size, x.longest)
}

// sizeOf returns the bytes of a record's texts.
func (x *expansion) sizeOf(record *core.Record) int64 {
	size, known := x.sizes[record]
	if known {
		return size
	}
	for _, field := range record.Collection().Fields {
		switch value := record.GetRaw(field.GetName()).(type) {
		case string:
			size += int64(len(value))
		case types.JSONRaw:
			size += int64(len(value))
		}
	}
	x.sizes[record] = size
	return size
}

// backRelationPattern matches PocketBase's two notations of a back-relation.
var backRelationPattern = regexp.MustCompile(`^(\w+)(?:_via_(\w+)|\((\w+)\))$`)

// checkExpand rejects paths that are too deep or that follow a relation and its
// back-relation: each of their records would repeat all the others.
func (b bounds) checkExpand(app core.App, collection *core.Collection, value string) error {
	if len(value) > b.length {
		return b.refuse("expand", "is too long")
	}
	paths := strings.Split(value, ",")
	if len(paths) > b.paths {
		return b.refuse("expand", fmt.Sprintf("names more than %d paths", b.paths))
	}
	for _, path := range paths {
		if strings.Count(path, ".") >= b.levels {
			return b.refuse("expand", fmt.Sprintf("goes through more than %d relations", b.levels))
		}
		if goesBack(app, collection, strings.TrimSpace(path)) {
			return b.refuse("expand", "goes along a relation and back")
		}
	}
	return nil
}

// goesBack reports whether a path follows a relation in both directions. It stops at
// the first segment that is not a relation.
func goesBack(app core.App, collection *core.Collection, path string) bool {
	type relation struct{ collection, field string }
	forward, backward := map[relation]bool{}, map[relation]bool{}
	for _, segment := range strings.Split(path, ".") {
		if collection == nil {
			return false
		}
		var gone relation
		if field, ok := collection.Fields.GetByName(segment).(*core.RelationField); ok {
			gone = relation{collection.Id, field.Name}
			forward[gone] = true
			collection = collections.Find(app, field.CollectionId)
		} else if match := backRelationPattern.FindStringSubmatch(segment); match != nil {
			if collection = collections.Find(app, match[1]); collection == nil {
				return false
			}
			gone = relation{collection.Id, match[2] + match[3]}
			backward[gone] = true
		} else {
			return false
		}
		if forward[gone] && backward[gone] {
			return true
		}
	}
	return false
}
