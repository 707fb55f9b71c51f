// Package idempotency remembers which requests with an Idempotency-Key have been
// done, in the transaction of what they did: as digests, a status and an id, and
// without anything that a request was about.
package idempotency

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
)

// Header is the request header that names a request.
const Header = "Idempotency-Key"

// Replayed is the response header of a request that had been done before.
const Replayed = "Idempotency-Replayed"

// Lifetime is how long a key is remembered.
const Lifetime = 24 * time.Hour

// maxKey is the length of a key in bytes.
const maxKey = 255

// What a request with a key can end with, beside what it does.
var (
	// ErrInvalid means that the key is too long.
	ErrInvalid = errors.New("an Idempotency-Key has at most 255 bytes")
	// ErrUnderWay means that a request with the same key has not ended.
	ErrUnderWay = errors.New("a request with this Idempotency-Key is still under way")
	// ErrOtherBody means that the key was used with another body.
	ErrOtherBody = errors.New("this Idempotency-Key was used with another body")
	// ErrNoUser means that the account of who sends the request is deleted.
	ErrNoUser = errors.New("the account of who sends the request is deleted")
)

// Key names a request of a user at an endpoint. A nil *Key, of a request without
// the header, does everything anew.
type Key struct {
	id   string
	user string
}

// underWay are the keys of this process's requests.
var underWay sync.Map

// Begin returns the key of a request, and a function that the caller calls when
// the request has ended. The key goes with the account of the user; the caller and the
// endpoint are whatever tells apart who sends requests, and what these do.
func Begin(request *http.Request, user, caller, endpoint string) (key *Key, end func(), err error) {
	text := request.Header.Get(Header)
	switch {
	case text == "":
		return nil, func() {}, nil
	case len(text) > maxKey:
		return nil, nil, ErrInvalid
	}
	key = &Key{id: digest(caller, endpoint, text), user: user}
	if _, taken := underWay.LoadOrStore(key.id, true); taken {
		return nil, nil, ErrUnderWay
	}
	return key, func() { underWay.Delete(key.id) }, nil
}

// Done is what a request with a key did.
type Done struct {
	Status int    `db:"status"`
	Record string `db:"record"`
	Body   string `db:"body"`
}

// Find returns what a request with the key and a body did, nil if it is the first,
// ErrOtherBody, ErrUnderWay if another process's transaction has the key, or ErrNoUser.
// It reads in the transaction that does the request.
func (k *Key) Find(ctx context.Context, tx core.App, body []byte) (*Done, error) {
	if k == nil {
		return nil, nil
	}
	// SQLite's other processes have waited for the transaction to begin.
	var held bool
	if err := tx.DB().NewQuery("SELECT try_lock({:id})").Bind(dbx.Params{"id": k.id}).WithContext(ctx).Row(&held); err != nil {
		return nil, err
	}
	if !held {
		return nil, ErrUnderWay
	}
	sent := digest(string(body))
	// The row is made first, so that of two transactions only one goes on.
	_, err := tx.DB().NewQuery(`INSERT INTO {{idempotency_keys}} ([[id]], [[user]], [[body]], [[status]], [[record]], [[created_at]])
		VALUES ({:id}, {:user}, {:body}, 0, '', {:now}) ON CONFLICT ([[id]]) DO NOTHING`).
		Bind(dbx.Params{"id": k.id, "user": k.user, "body": sent, "now": types.NowDateTime().String()}).
		WithContext(ctx).Execute()
	if err != nil {
		return nil, err
	}
	var done Done
	err = tx.DB().Select("status", "record", "body").From(collections.IdempotencyKeys).
		Where(dbx.HashExp{"id": k.id}).WithContext(ctx).One(&done)
	switch {
	case errors.Is(err, sql.ErrNoRows): // it is there, and hidden with all that was the user's
		return nil, ErrNoUser
	case err != nil:
		return nil, err
	case done.Body != sent:
		return nil, ErrOtherBody
	case done.Status == 0:
		return nil, nil
	}
	return &done, nil
}

// Keep stores what the request did, in the transaction that did it.
func (k *Key) Keep(ctx context.Context, tx core.App, status int, record string) error {
	if k == nil {
		return nil
	}
	_, err := tx.DB().Update(collections.IdempotencyKeys, dbx.Params{"status": status, "record": record}, dbx.HashExp{"id": k.id}).
		WithContext(ctx).Execute()
	return err
}

// Flush deletes the keys that are older than their lifetime.
func Flush(app core.App) error {
	old, err := types.ParseDateTime(time.Now().Add(-Lifetime))
	if err != nil {
		return err
	}
	_, err = app.NonconcurrentDB().Delete(collections.IdempotencyKeys, dbx.NewExp("[[created_at]] < {:old}", dbx.Params{"old": old.String()})).Execute()
	return err
}

// digest is the SHA-256 of texts, none of which can pass for two.
func digest(texts ...string) string {
	hash := sha256.New()
	for _, text := range texts {
		part := sha256.Sum256([]byte(text))
		hash.Write(part[:])
	}
	return hex.EncodeToString(hash.Sum(nil))
}
