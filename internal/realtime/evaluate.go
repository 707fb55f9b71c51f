package realtime

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/inflector"
	"github.com/pocketbase/pocketbase/tools/search"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
)

// errNotAlone is returned for expressions that cannot be evaluated for a record
// outside of its table.
var errNotAlone = errors.New("the expression needs the record's table")

// errNewer is returned if the table has a version that nobody is going to hear of, such as
// another program's.
var errNewer = errors.New("the record was changed by something else meanwhile")

func (a *access) evaluate(ctx context.Context, info *core.RequestInfo, expression string, isRule bool) (bool, error) {
	holds, err := holdsAlone(ctx, a.app, a.record, info, expression, isRule)
	if !errors.Is(err, errNotAlone) || a.change.action == "delete" {
		return holds, err
	}
	// The table may have a later version, which may not be judged by this one.
	if holds, err = holdsInTable(ctx, a.app, a.record, info, expression, isRule); !holds || err != nil {
		return false, err
	}
	stored, err := a.app.FindRecordById(a.rules, a.record.Id, within(ctx))
	if err != nil {
		return false, err
	}
	written, err := a.record.DBExport(a.app)
	if err != nil {
		return false, err
	}
	now, err := stored.DBExport(a.app)
	if err != nil {
		return false, err
	}
	isAlike, err := isStoredAlike(written, now)
	if err == nil && !isAlike && !a.latest.isLater(a.change) {
		err = errNewer
	}
	return isAlike, err
}

// isStoredAlike compares exported values as the database has them: a time is stored without
// its place and the parts of a millisecond.
func isStoredAlike(a, b map[string]any) (bool, error) {
	for _, values := range []map[string]any{a, b} {
		for name, value := range values {
			valuer, ok := value.(driver.Valuer)
			if !ok {
				continue
			}
			var err error
			if values[name], err = valuer.Value(); err != nil {
				return false, err
			}
		}
	}
	return reflect.DeepEqual(a, b), nil
}

// holdsInTable evaluates an expression for what the table has of a record.
func holdsInTable(ctx context.Context, app core.App, record *core.Record, info *core.RequestInfo, expression string, isRule bool) (bool, error) {
	collection := record.Collection()
	query := app.ConcurrentDB().Select("(1)").From(collection.Name).AndWhere(dbx.HashExp{collection.Name + ".id": record.Id})
	return holds(resolverOf(app, collection, info, isRule), query.WithContext(ctx), collections.StoredDates(app, collection, expression))
}

// holdsAlone evaluates an expression for a record's values, as PocketBase does for
// one that is not stored yet: when it is asked, the table may have others or none.
func holdsAlone(ctx context.Context, app core.App, record *core.Record, info *core.RequestInfo, expression string, isRule bool) (bool, error) {
	values, err := record.DBExport(app)
	if err != nil {
		return false, err
	}
	suffix := "__changed__" + security.PseudorandomString(6)
	collection := *record.Collection()
	collection.Id += suffix
	collection.Name += suffix
	parameters, columns := dbx.Params{}, make([]string, 0, len(values))
	for name, value := range values {
		field := collection.Fields.GetByName(name)
		name = inflector.Columnify(name)
		isNumber := isBareNumber(value)
		if number, isWhole := wholeNumber(value, isNumber); isWhole {
			value = number // as a column has it, which shows in its text
		}
		parameters["changed__"+name] = value
		column := "{:changed__" + name + "}"
		if field != nil {
			column = likeStored(column, field.ColumnType(app), isNumber)
		}
		columns = append(columns, column+" AS [["+name+"]]")
	}
	with := fmt.Sprintf("WITH {{%s}} AS (SELECT %s)", collection.Name, strings.Join(columns, ", "))
	query := app.ConcurrentDB().Select("(1)").PreFragment(with).From(collection.Name).AndBind(parameters)
	expression = collections.StoredDates(app, record.Collection(), expression)
	answer, err := holds(resolverOf(app, &collection, info, isRule), query.WithContext(ctx), expression)
	if err != nil {
		return false, fmt.Errorf("%w: %w", errNotAlone, err)
	}
	return answer, nil
}

// likeStored has a value compare with texts and numbers as a column of a type does, by which
// SQLite converts them: a JSON column as well, if all of the value is a number.
func likeStored(value, columnType string, isNumber bool) string {
	kind, _, _ := strings.Cut(columnType, " ")
	switch {
	case kind == "TEXT":
		return "CAST(" + value + " AS TEXT)"
	case kind == "NUMERIC", kind == "BOOLEAN", kind == "JSON" && isNumber:
		return "CAST(" + value + " AS NUMERIC)"
	}
	return value
}

// isBareNumber reports whether a value is a number's JSON. Other JSON may be long, and is
// known by how it begins.
func isBareNumber(value any) bool {
	raw, isJSON := value.(types.JSONRaw)
	text := bytes.TrimSpace(raw)
	return isJSON && len(text) > 0 && (text[0] == '-' || '0' <= text[0] && text[0] <= '9') && json.Valid(text)
}

// wholeNumber returns the integer that a column makes of a number without a fraction, if one
// has 64 bits. CAST does so up to 2^51 only.
func wholeNumber(value any, isBareJSON bool) (number int64, isWhole bool) {
	float, isFloat := value.(float64)
	if isBareJSON {
		text := string(bytes.TrimSpace(value.(types.JSONRaw)))
		if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
			return integer, true
		}
		var err error
		float, err = strconv.ParseFloat(text, 64)
		isFloat = err == nil
	}
	return int64(float), isFloat && float == math.Trunc(float) && math.Abs(float) < 1<<63
}

// resolverOf returns what resolves the fields of an expression. A filter of a superuser's may
// name hidden fields and related records that others cannot list, as in lists.
func resolverOf(app core.App, collection *core.Collection, info *core.RequestInfo, isRule bool) *core.RecordFieldResolver {
	return core.NewRecordFieldResolver(app, collection, info, isRule || info.HasSuperuserAuth())
}

func holds(resolver *core.RecordFieldResolver, query *dbx.SelectQuery, expression string) (bool, error) {
	condition, err := search.FilterData(expression).BuildExpr(resolver)
	if err != nil {
		return false, err
	}
	query.AndWhere(condition)
	if err := resolver.UpdateQuery(query); err != nil {
		return false, err
	}
	var found []int
	if err := query.Limit(1).Column(&found); err != nil {
		return false, err
	}
	return len(found) > 0, nil
}
