package query

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/dberror"
	"carebase/internal/hidden"

	_ "modernc.org/sqlite" // the driver
)

// newPool returns a pool with an empty table t, which dbx builds queries for by
// builder.
func newPool(t *testing.T) *dbx.DB {
	t.Helper()
	pool, err := dbx.Open("sqlite", "file:"+t.Name()+"?mode=memory&cache=shared")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	if _, err := pool.NewQuery("CREATE TABLE t (a TEXT, b INTEGER)").Execute(); err != nil {
		t.Fatal(err)
	}
	return pool
}

// TestStatementsAreThoseOfDBX compares statements with those that dbx builds.
func TestStatementsAreThoseOfDBX(t *testing.T) {
	if !areKnown {
		t.Error("dbx.Query has other fields")
	}
	pool := newPool(t)
	dbxs := dbx.NewSqliteBuilder(pool, pool.DB())
	rows := []dbx.Params{nil, {"a": "x"}, {"b": 1, "a": dbx.NewExp("upper({:u})", dbx.Params{"u": "x"})}, {"t.a": nil, "[[b]]": true}}
	conditions := []dbx.Expression{nil, dbx.HashExp{"a": "x", "b": []any{1, 2}}, dbx.NewExp("[[a]] = {:p0}", dbx.Params{"p0": 1}), dbx.HashExp{}}
	for _, row := range rows {
		compare(t, pool.Insert("t", row), dbxs.Insert("t", row))
		for _, condition := range conditions {
			compare(t, pool.Update("main.t", row, condition), dbxs.Update("main.t", row, condition))
			compare(t, pool.Delete("t", condition), dbxs.Delete("t", condition))
		}
	}
}

// FuzzStatementsAreThoseOfDBX compares how statements are taken apart.
func FuzzStatementsAreThoseOfDBX(f *testing.F) {
	for _, text := range []string{
		"", "SELECT 1", "SELECT {:a}, {:b}, {:a} FROM {{t}} WHERE [[t.a]] = '{:'",
		"[[a b.c-d]] {{t.u}} [[[a]] {{{:a}}} {:a-b} {{a]] [[é]] [[*]] {::a} {", "{{a{:b}}} {:é} [[a[[b]] [[a]]] {{(a)}} [[a..b]] [[]] {:}",
	} {
		f.Add(text)
	}
	pool := dbx.NewFromDB(nil, driverName)
	dbxs := dbx.NewSqliteBuilder(pool, pool.DB())
	f.Fuzz(func(t *testing.T, text string) { compare(t, pool.NewQuery(text), dbxs.NewQuery(text)) })
}

// compare compares all fields but functions, which can only be compared with nil.
func compare(t *testing.T, got, want *dbx.Query) {
	t.Helper()
	a, b := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range a.NumField() {
		x, y := a.Field(i), b.Field(i)
		if x.Kind() == reflect.Func {
			if x.IsNil() != y.IsNil() {
				t.Errorf("%s: %s", want.SQL(), a.Type().Field(i).Name)
			}
		} else if fmt.Sprintf("%#v", x) != fmt.Sprintf("%#v", y) {
			t.Errorf("%s: %s is %#v, not %#v", want.SQL(), a.Type().Field(i).Name, x, y)
		}
	}
}

// TestStatementsRunWhereTheyAreBuilt runs the same statement in transactions that end
// differently, side by side with others, and with a context that has ended.
func TestStatementsRunWhereTheyAreBuilt(t *testing.T) {
	pool := newPool(t)
	pool.DB().SetMaxOpenConns(1)
	insert := func(to dbx.Builder, number int) error {
		_, err := to.Insert("t", dbx.Params{"b": number}).Execute()
		return err
	}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 50 {
				err := pool.Transactional(func(tx *dbx.Tx) error {
					if err := insert(tx, i); err != nil || i%2 == worker%2 {
						return err
					}
					return errors.ErrUnsupported
				})
				if err != nil && !errors.Is(err, errors.ErrUnsupported) {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if err := insert(pool, 1000); err != nil {
		t.Error(err)
	}
	var count int
	if err := pool.NewQuery("SELECT count(*) FROM t").Row(&count); err != nil || count != 101 {
		t.Errorf("got %d rows, %v", count, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := insert(pool.WithContext(ended), 1); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that has ended: %v", err)
	}
	if err := insert(pool, 1001); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// TestAClosedViewStaysClosed builds a query of a view while rows are hidden that it would
// show, and runs it when they are not any more.
func TestAClosedViewStaysClosed(t *testing.T) {
	pool := newPool(t)
	view := core.NewViewCollection("v")
	view.ViewQuery = "SELECT a AS id FROM main.t"
	find := func(string) *core.Collection { return view }
	hidden.Set(pool.DB(), hidden.Conditions{"t": hidden.Column("b") + " = 1"}, hidden.Views{Find: find})
	text := pool.Select("id").From("v").Build().SQL()
	hidden.Set(pool.DB(), nil, hidden.Views{})
	if err := pool.NewQuery(text).Row(new(string)); !errors.Is(err, dberror.ErrClosedView) {
		t.Errorf("%s: %v", text, err)
	}
}
