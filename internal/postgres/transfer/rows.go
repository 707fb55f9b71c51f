package transfer

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"carebase/internal/postgres/translate"
)

const (
	// maxBatchValues and maxBatchBytes limit one INSERT.
	maxBatchValues = 2000
	maxBatchBytes  = 1 << 20
)

// copyRows copies a table's rows in order and returns their checksum.
func copyRows(ctx context.Context, reader, writer *sql.Tx, from, to *place, table table, progress Progress) (checksum, error) {
	batch := newBatch(table)
	report := func(done int64) { progress("copying", table.name, done, table.rows) }
	report(0)
	sum, err := eachRow(ctx, reader, from, table, func(values []any, done int64) error {
		for i, column := range table.columns {
			if err := to.accepts(values[i], column); err != nil {
				return fmt.Errorf("row %d, column %s: %w", done, column.name, err)
			}
		}
		if !batch.add(values) {
			return nil
		}
		report(done)
		return batch.insert(ctx, writer)
	})
	if err != nil {
		return sum, err
	}
	if err := batch.insert(ctx, writer); err != nil {
		return sum, err
	}
	report(sum.rows)
	return sum, nil
}

// readRows reads a copied table and returns its checksum.
func readRows(ctx context.Context, reader *sql.Tx, from *place, table table, progress Progress) (checksum, error) {
	const rowsPerReport = 1000
	sum, err := eachRow(ctx, reader, from, table, func(_ []any, done int64) error {
		if done%rowsPerReport == 0 {
			progress("verifying", table.name, done, table.rows)
		}
		return nil
	})
	if err == nil {
		progress("verifying", table.name, sum.rows, table.rows)
	}
	return sum, err
}

// eachRow calls visit with each row of a table, in order of row ids, and
// returns the table's checksum.
func eachRow(ctx context.Context, reader *sql.Tx, from *place, table table, visit func(values []any, done int64) error) (checksum, error) {
	expressions := make([]string, len(table.columns))
	for i, column := range table.columns {
		expressions[i] = from.rawValue(table.name, column.name)
	}
	rows, err := reader.QueryContext(ctx, "SELECT "+strings.Join(expressions, ", ")+" FROM "+translate.QuoteName(table.name)+" ORDER BY `_rowid_`")
	if err != nil {
		return checksum{}, err
	}
	defer rows.Close()
	counter := newCounter(table.columns)
	for rows.Next() {
		values, pointers := make([]any, len(table.columns)), make([]any, len(table.columns))
		for i := range values {
			pointers[i] = &values[i]
		}
		if err := rows.Scan(pointers...); err != nil {
			return checksum{}, err
		}
		counter.add(values)
		if err := visit(values, counter.rows); err != nil {
			return checksum{}, err
		}
	}
	return counter.sum(), rows.Err()
}

// batch collects rows for one INSERT.
type batch struct {
	insertInto string
	columns    int
	rows       int
	bytes      int
	values     []any
}

func newBatch(table table) *batch {
	names := make([]string, len(table.columns))
	for i, column := range table.columns {
		names[i] = translate.QuoteName(column.name)
	}
	return &batch{insertInto: "INSERT INTO " + translate.QuoteName(table.name) + " (" + strings.Join(names, ", ") + ") VALUES ", columns: len(names)}
}

// add adds a row and reports whether the batch is full.
func (b *batch) add(values []any) bool {
	b.rows++
	b.values = append(b.values, values...)
	for _, value := range values {
		switch v := value.(type) {
		case string:
			b.bytes += len(v)
		case []byte:
			b.bytes += len(v)
		}
	}
	return len(b.values)+b.columns > maxBatchValues || b.bytes >= maxBatchBytes
}

// insert writes the rows and empties the batch.
func (b *batch) insert(ctx context.Context, writer *sql.Tx) error {
	if b.rows == 0 {
		return nil
	}
	row := "(?" + strings.Repeat(", ?", b.columns-1) + ")"
	_, err := writer.ExecContext(ctx, b.insertInto+row+strings.Repeat(", "+row, b.rows-1), b.values...)
	clear(b.values)
	b.values, b.rows, b.bytes = b.values[:0], 0, 0
	return err
}
