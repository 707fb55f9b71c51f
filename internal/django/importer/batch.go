package importer

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// batch collects rows for a multi-row INSERT.
type batch struct {
	app        core.App
	insertInto string
	columns    int
	rows       int
	bytes      int
	params     dbx.Params
	full       *dbx.Query
}

const (
	// maxBatchValues and maxBatchBytes bound one INSERT.
	maxBatchValues = 1000
	maxBatchBytes  = 1 << 20
)

func newBatch(app core.App, table string, columns []string) *batch {
	return &batch{app: app, insertInto: "INSERT INTO {{" + table + "}} ([[" + strings.Join(columns, "]], [[") + "]]) VALUES ", columns: len(columns), params: dbx.Params{}}
}

func (b *batch) capacity() int { return max(maxBatchValues/b.columns, 1) }

func (b *batch) add(ctx context.Context, values []any) error {
	for n, value := range values {
		b.params["p"+strconv.Itoa(b.rows*b.columns+n)] = value
		if written, ok := value.(string); ok {
			b.bytes += len(written)
		}
	}
	b.rows++
	if b.rows < b.capacity() && b.bytes < maxBatchBytes {
		return nil
	}
	return b.flush(ctx)
}

// flush writes the rows. Full batches share one prepared statement.
func (b *batch) flush(ctx context.Context) error {
	if b.rows == 0 {
		return nil
	}
	query := b.full
	if b.rows < b.capacity() {
		query = b.app.DB().NewQuery(b.statement(b.rows))
	} else if query == nil {
		query = b.app.DB().NewQuery(b.statement(b.rows)).Prepare()
		b.full = query
	}
	for n := range b.params {
		if place, err := strconv.Atoi(n[1:]); err == nil && place >= b.rows*b.columns {
			delete(b.params, n)
		}
	}
	_, err := query.Bind(b.params).WithContext(ctx).Execute()
	b.rows, b.bytes = 0, 0
	return err
}

func (b *batch) statement(rows int) string {
	var text strings.Builder
	text.WriteString(b.insertInto)
	for n := range rows * b.columns {
		switch {
		case n == 0:
			text.WriteString("(")
		case n%b.columns == 0:
			text.WriteString("), (")
		default:
			text.WriteString(", ")
		}
		text.WriteString("{:p" + strconv.Itoa(n) + "}")
	}
	return text.String() + ")"
}

// close writes the remaining rows if wanted is set, and releases the statement.
func (b *batch) close(ctx context.Context, wanted bool) error {
	var err error
	if wanted {
		err = b.flush(ctx)
	}
	if b.full != nil {
		err = errors.Join(err, b.full.Close())
	}
	return err
}
