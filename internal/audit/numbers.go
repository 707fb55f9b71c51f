package audit

import (
	"context"
	"fmt"
	"strings"

	"github.com/pocketbase/dbx"
)

// explain returns a *Violation that names a row with something else than a whole number
// where there must be one, which SQLite stores, instead of the error of reading it.
func explain(ctx context.Context, database dbx.Builder, err error, table string, columns ...string) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	rows, queryErr := database.Select(columns...).From(table).WithContext(ctx).Rows()
	if queryErr != nil {
		return err
	}
	defer rows.Close()
	values := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if rows.Scan(into...) != nil {
			return err
		}
		for i, value := range values[1:] {
			if _, isWhole := value.(int64); !isWhole {
				return &Violation{Problem: fmt.Sprintf("the row of %s with %s %v was altered: its %s is %v, which is not a whole number",
					table, columns[0], values[0], strings.Trim(columns[i+1], "[]"), value)}
			}
		}
	}
	return err
}
