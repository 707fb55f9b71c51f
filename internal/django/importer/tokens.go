package importer

import (
	"context"

	"carebase/internal/django/source"
)

// outstanding reads the refresh tokens that SimpleJWT has issued.
func (i *Import) outstanding(ctx context.Context, table *source.Table) source.Request {
	columns := []string{table.Key, "jti", userColumn(table), "expires_at"}
	return i.tokenRequest(ctx, outstandingStage, table, columns, func(row *row) []any {
		return []any{row.text("jti", 1, 255), row.key("user", 2), row.moment("expiry", 3, i.now)}
	})
}

// blacklisted reads which of the issued tokens are blacklisted.
func (i *Import) blacklisted(ctx context.Context, table *source.Table) source.Request {
	token := "token_id"
	if table.Column(token) == nil {
		token = "token"
	}
	return i.tokenRequest(ctx, blacklistedStage, table, []string{table.Key, token}, func(row *row) []any {
		return []any{row.key("token", 1)}
	})
}

func userColumn(table *source.Table) string {
	if table.Column("user_id") != nil {
		return "user_id"
	}
	return "user"
}

func (i *Import) tokenRequest(ctx context.Context, stage string, table *source.Table, columns []string, build func(*row) []any) source.Request {
	return source.Request{Table: table, Columns: columns, Visit: func(values []any) error {
		id, ok, err := integer(values[0])
		if err != nil || !ok {
			i.problems.add(table.Name, "", "an id is not a number")
			return nil
		}
		current := &row{values: values}
		current.fail = func(format string, arguments ...any) { i.problems.add(table.Name, idText(id), format, arguments...) }
		_, err = i.stage.insert(ctx, stage, append([]any{id}, build(current)...))
		return err
	}}
}
