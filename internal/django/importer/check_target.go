package importer

import (
	"context"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
)

// idsPerQuery is the number of ids per query.
const idsPerQuery = 500

// checkTarget finds ids and addresses that already exist in the target.
func (i *Import) checkTarget(ctx context.Context, target core.App) error {
	if !target.HasTable(collections.Mappings) {
		return nil // not migrated yet
	}
	for _, kind := range i.kinds {
		var rows int
		if err := target.DB().Select("count(*)").From(kind.collection).WithContext(ctx).Row(&rows); err != nil {
			return err
		}
		if rows == 0 {
			continue
		}
		if err := i.eachBatch(ctx, kind.collection, "id", func(batch [][]any) error {
			var taken []string
			err := target.DB().Select("id").From(kind.collection).Where(dbx.In("id", ids(batch)...)).WithContext(ctx).Column(&taken)
			for _, id := range taken {
				i.problems.add(kind.table.Name, id, "the id is taken: there is a record with it in %s", kind.collection)
			}
			return err
		}); err != nil {
			return err
		}
	}
	return i.checkTakenAddresses(ctx, target)
}

func (i *Import) checkTakenAddresses(ctx context.Context, target core.App) error {
	if _, err := i.stage.exec(ctx, "CREATE INDEX stage_users_email ON users (email COLLATE NOCASE)"); err != nil {
		return err
	}
	rows, err := target.DB().Select("id", "email").From(collections.Users).WithContext(ctx).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var owner, address string
		if err := rows.Scan(&owner, &address); err != nil {
			return err
		}
		found, err := i.stage.one(ctx, "SELECT id FROM users WHERE email = ? COLLATE NOCASE AND left_out = 0", address)
		if err != nil {
			return err
		}
		id, ok := found.(int64)
		switch {
		case !ok:
		case i.options.KeepFirst:
			err = i.rename(ctx, id, address, "has the same address as the record "+owner)
		default:
			i.problems.add(i.found.users.Name, idText(id), "the e-mail address %q is that of the record %s, too (--resolve keep-first)", shorten(address), owner)
		}
		if err != nil {
			return err
		}
	}
	return rows.Err()
}

// eachBatch calls visit with the ids and other selected columns of all rows to be
// written, in batches.
func (i *Import) eachBatch(ctx context.Context, collection, columns string, visit func(batch [][]any) error) error {
	condition := ""
	if collection == collections.Mappings {
		condition = " WHERE left_out = 0"
	}
	var batch [][]any
	err := i.stage.each(ctx, "SELECT "+columns+" FROM "+collection+condition+" ORDER BY id", func(row []any) error {
		batch = append(batch, append([]any{}, row...))
		if len(batch) < idsPerQuery {
			return nil
		}
		err := visit(batch)
		batch = batch[:0]
		return err
	})
	if err != nil || len(batch) == 0 {
		return err
	}
	return visit(batch)
}

// ids returns the first value of each row as the target stores it.
func ids(batch [][]any) []any {
	texts := make([]any, len(batch))
	for n, row := range batch {
		texts[n] = idText(row[0].(int64))
	}
	return texts
}
