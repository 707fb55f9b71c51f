package hooks

import (
	"context"
	"errors"
	"slices"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/realtime"
	"carebase/internal/simplejwt"
)

// renewPage is how many changed accounts a query reads.
const renewPage = 500

// renew reads the accounts that have changed, gives them to the clients that are signed in
// as them and, if there are any, has other processes know.
func (e *endedElsewhere) renew(ctx context.Context, signIns []heldBy, hasChanged func(i int) bool) error {
	changed := map[string]map[string][]heldBy{}
	for i, each := range signIns {
		if !hasChanged(i) {
			continue
		}
		collection := each.account.Collection().Id
		if changed[collection] == nil {
			changed[collection] = map[string][]heldBy{}
		}
		changed[collection][each.account.Id] = append(changed[collection][each.account.Id], each)
	}
	var failures []error
	isRenewed := false
	for collection, of := range changed {
		accounts, err := e.accounts(ctx, collection, of)
		failures = append(failures, err)
		for _, account := range accounts {
			for _, each := range of[account.Id] {
				isRenewed = each.renew(account) || isRenewed
			}
		}
	}
	if isRenewed {
		realtime.Of(e.app).StoreSignOuts(ctx)
	}
	return errors.Join(failures...)
}

func (e *endedElsewhere) accounts(ctx context.Context, collection string, of map[string][]heldBy) (found []*core.Record, err error) {
	ids := make([]string, 0, len(of))
	for id := range of {
		ids = append(ids, id)
	}
	for page := range slices.Chunk(ids, renewPage) {
		accounts, err := e.app.FindRecordsByIds(collection, page, func(query *dbx.SelectQuery) error {
			query.WithContext(ctx)
			return nil
		})
		if err != nil {
			return found, err
		}
		found = append(found, accounts...)
	}
	return found, nil
}

// renew gives the client its account as it is now, unless it was given another one, or was
// signed out or in, meanwhile. The next look ends what holds no longer with the account.
func (h heldBy) renew(account *core.Record) bool {
	if !simplejwt.HaveSameKey(account, h.account) {
		return false
	}
	defer lockSignIn(h.client)()
	signIn, _ := realtime.SignInOf(h.client)
	client, canRenew := h.client.(interface {
		Renew(before, after *core.Record) bool
	})
	return canRenew && signIn == h.signIn && client.Renew(h.account, account)
}
