package collections

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// Fields returns the names of the stored fields that the program depends on.
// Operators may have added others.
func (c *Collection) Fields() []string {
	names := []string{core.FieldNameId}
	if c.Resource != nil {
		for _, field := range c.Resource.Fields {
			names = append(names, field.Name)
		}
	}
	if c.Owner != "" {
		names = append(names, c.Owner, CreatedAt)
	}
	names = append(names, c.Extra...)
	slices.Sort(names)
	return slices.Compact(names)
}

// GeneratedLength is the length of the ids that PocketBase generated before ids were
// numbers.
const GeneratedLength = 15

// The expressions by which ids, followed by id itself, are in the order in which they
// were given: first those that PocketBase generated, then numbers. Indexes have them.
const (
	AssignmentClass = "CASE length(id) WHEN 15 THEN 0 ELSE length(id) END"
	AssignmentPlace = "CASE length(id) WHEN 15 THEN created_at ELSE id END"
)

// OwnsIndex reports whether the program depends on the named index: the names
// of the migrations' indexes start with idx_<collection>_.
func (c *Collection) OwnsIndex(name string) bool {
	return strings.HasPrefix(strings.ToLower(name), "idx_"+c.Name+"_")
}

// Check returns an error that lists, in one line, what the stored schema of the
// program's collections lacks; nil if it is complete.
func Check(ctx context.Context, app core.App) error {
	var problems []string
	for _, declared := range all {
		problem, err := declared.check(ctx, app)
		if err != nil {
			return err
		}
		if problem != "" {
			problems = append(problems, problem)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("the schema of the database is broken: %s; restore a backup, or undo what was changed", strings.Join(problems, "; "))
}

// check describes the first thing that the collection lacks; empty if it is
// complete. An error means that the database could not be read.
func (c *Collection) check(ctx context.Context, app core.App) (problem string, err error) {
	stored := new(core.Collection)
	err = app.CollectionQuery().AndWhere(dbx.HashExp{"name": c.Name}).WithContext(ctx).Limit(1).One(stored)
	if errors.Is(err, sql.ErrNoRows) {
		return "there is no collection " + c.Name, nil
	}
	if err != nil {
		return "", err
	}
	for _, name := range c.Fields() {
		if stored.Fields.GetByName(name) == nil {
			return "the collection " + c.Name + " has no field " + name, nil
		}
	}
	var columns []string
	err = app.DB().NewQuery("SELECT name FROM PRAGMA_TABLE_INFO({:table})").
		Bind(dbx.Params{"table": c.Name}).WithContext(ctx).Column(&columns)
	if err != nil {
		return "", err
	}
	if len(columns) == 0 {
		return "there is no table " + c.Name, nil
	}
	for _, name := range c.Fields() {
		if !slices.Contains(columns, name) {
			return "the table " + c.Name + " has no column " + name, nil
		}
	}
	return "", nil
}
