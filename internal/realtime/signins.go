package realtime

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"
)

// bindSignIns does for the room's clients what PocketBase does for its own: their
// sign-in follows the account that they are signed in as, and ends with it, with
// its token key, and with the secret of its collection.
func (r *Room) bindSignIns() {
	r.app.OnCollectionUpdate().Bind(&hook.Handler[*core.CollectionEvent]{Priority: atBroadcast, Func: func(e *core.CollectionEvent) error {
		if !e.Collection.IsAuth() {
			return e.Next()
		}
		before, findErr := e.App.FindCachedCollectionByNameOrId(e.Collection.Id)
		if err := e.Next(); err != nil {
			return err
		}
		if findErr == nil && before.AuthToken.Secret != e.Collection.AuthToken.Secret {
			afterCommit(e.App, func() { r.signOutAll(e.Collection) })
		}
		return nil
	}})
	r.app.OnCollectionAfterDeleteSuccess().Bind(&hook.Handler[*core.CollectionEvent]{Priority: atBroadcast, Func: func(e *core.CollectionEvent) error {
		r.signOutAll(e.Collection)
		return e.Next()
	}})
	r.app.OnModelAfterUpdateSuccess().Bind(&hook.Handler[*core.ModelEvent]{Priority: atBroadcast, Func: func(e *core.ModelEvent) error {
		if record := recordOf(e.App, e.Model); record != nil && record.Collection().IsAuth() {
			r.follow(record)
		}
		return e.Next()
	}})
	r.app.OnModelAfterDeleteSuccess().Bind(&hook.Handler[*core.ModelEvent]{Priority: atBroadcast, Func: func(e *core.ModelEvent) error {
		id := e.Model.PK()
		if collection, err := e.App.FindCachedCollectionByNameOrId(e.Model.TableName()); err == nil && collection.IsAuth() {
			// By its id: the account of a client may have the collection's name of before.
			r.signOut(func(auth *core.Record) bool { return auth.Id == id && auth.Collection().Id == collection.Id })
		}
		return e.Next()
	}})
}

// afterCommit runs what must not precede the end of the transaction that an app may be in.
func afterCommit(app core.App, run func()) {
	if !app.IsTransactional() {
		run()
		return
	}
	app.TxInfo().OnComplete(func(failure error) error {
		if failure == nil {
			run()
		}
		return nil
	})
}

// signOutAll ends the sign-in of a collection's accounts, at all processes.
func (r *Room) signOutAll(collection *core.Collection) {
	if r.refresh != nil {
		r.refresh()
	}
	r.signOut(func(auth *core.Record) bool { return auth.Collection().Id == collection.Id })
}

// signOut ends the sign-in of clients.
func (r *Room) signOut(concerned func(auth *core.Record) bool) {
	for _, each := range r.broker.Clients() {
		if auth := AuthOf(each); auth != nil && concerned(auth) {
			each.Unset(authKey)
		}
	}
}

// changeAuth ends the sign-in at once if another one, or none, takes its place. What is
// written after the change is delivered as it says.
func (c *Client) changeAuth(change func() bool) {
	if !c.changedAuth(change) {
		c.Discard()
	}
}

func (c *Client) changedAuth(change func() bool) (isQueued bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	before := c.auth()
	if !change() {
		return true
	}
	if !isSame(before, c.auth()) {
		c.signIn++
		c.noteReader()
	}
	return c.room == nil || c.IsDiscarded() || c.enqueue(nil)
}

// Renew has the client signed in as another version of its account. It reports false, and
// does nothing, if the client is not signed in as the version before any more.
func (c *Client) Renew(before, after *core.Record) bool {
	isCurrent := false
	c.changeAuth(func() bool {
		if isCurrent = c.auth() == before; isCurrent {
			c.DefaultClient.Set(authKey, after)
		}
		return isCurrent
	})
	return isCurrent
}

// follow gives clients the new version of the account that they are signed in as.
func (r *Room) follow(account *core.Record) {
	for _, each := range r.broker.Clients() {
		client, isOwn := each.(interface {
			Renew(before, after *core.Record) bool
		})
		// Another version, or sign-in, that comes meanwhile is looked at anew.
		for auth := AuthOf(each); isOwn && isSame(auth, account); auth = AuthOf(each) {
			if auth.TokenKey() != account.TokenKey() || auth.Collection().AuthToken.Secret != account.Collection().AuthToken.Secret {
				each.Unset(authKey)
			} else if client.Renew(auth, account) {
				break
			}
		}
	}
}
