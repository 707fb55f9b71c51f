package importer

import (
	"context"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/django"
)

// writeTokens imports the blacklisted refresh tokens and records when the last valid
// one expires. Tokens of deleted users are skipped.
func (i *Import) writeTokens(ctx context.Context, app core.App) (written int64, err error) {
	const query = `SELECT outstanding.jti, outstanding.user, max(outstanding.expires_at) FROM blacklisted
		JOIN outstanding ON outstanding.id = blacklisted.token JOIN users ON users.id = outstanding.user
		WHERE outstanding.jti != '' GROUP BY outstanding.jti ORDER BY blacklisted.id`
	batch := newBatch(app, collections.BlacklistedTokens, []string{"id", "jti", "user", "expires_at", "created_at"})
	err = i.stage.each(ctx, query, func(row []any) error {
		written++
		return batch.add(ctx, []any{core.GenerateDefaultRandomId(), row[0], keyText(row[1]), row[2], i.now})
	})
	if closeErr := batch.close(ctx, err == nil); err == nil {
		err = closeErr
	}
	if err != nil {
		return 0, err
	}
	last, err := i.stage.one(ctx, "SELECT max(expires_at) FROM outstanding WHERE id NOT IN (SELECT token FROM blacklisted WHERE token IS NOT NULL) AND user IS NOT NULL AND expires_at > ?", i.now)
	if until, ok := last.(string); ok && err == nil {
		err = django.NoteTokensUntil(app, until)
	}
	return written, err
}

// writeSuperusers makes PocketBase superusers of Django's, with the same password.
// Existing superuser accounts are left unchanged.
func (i *Import) writeSuperusers(ctx context.Context, app core.App) (written int64, err error) {
	const query = "SELECT email, created, django_password FROM users WHERE superuser = 1 AND inactive = 0 AND left_out = 0 ORDER BY id"
	batch := newBatch(app, core.CollectionNameSuperusers, []string{"id", "password", "tokenKey", "email", "emailVisibility", "verified", "created", "updated", django.FieldPassword})
	err = i.stage.each(ctx, query, func(row []any) error {
		var known int
		err := app.DB().Select("count(*)").From(core.CollectionNameSuperusers).
			Where(dbx.NewExp("[[email]] = {:email} COLLATE NOCASE", dbx.Params{"email": row[0]})).WithContext(ctx).Row(&known)
		if err != nil || known > 0 {
			return err
		}
		written++
		return batch.add(ctx, []any{core.GenerateDefaultRandomId(), unusablePassword(), django.NewTokenKey(), row[0], false, true, row[1], row[1], row[2]})
	})
	if closeErr := batch.close(ctx, err == nil); err == nil {
		err = closeErr
	}
	return written, err
}
