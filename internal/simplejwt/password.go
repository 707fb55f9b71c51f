package simplejwt

import (
	"context"
	"database/sql"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"golang.org/x/crypto/bcrypt"

	"carebase/internal/collections"
)

// unknownUserHash is a bcrypt hash of nothing anybody knows, at the cost of
// PocketBase's own, for a login to spend its time on when there is no user.
const unknownUserHash = "$2a$10$E9r44yS2vT6zKyAV39Ob6.lUO6m/bKfwrz/G60kBj6gzMeEPFfPoK"

// MaxPasswordWork is how many passwords are hashed at once: bcrypt takes about
// 50 ms of a core, and a flood of logins must leave cores to everybody else.
var MaxPasswordWork = int32(max(1, runtime.GOMAXPROCS(0)/2))

var passwordWork = make(chan struct{}, MaxPasswordWork)

// ReserveProcessors gives Go's scheduler a processor more for each password that
// can be hashed at once, so that hashing takes none from everybody else: what is
// left of the cores is for the operating system to share out. A server calls it
// once, at its start.
func ReserveProcessors() {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + int(MaxPasswordWork))
}

// WithPasswordWork runs work that hashes a password when there is a place for it,
// or returns the context's error if the caller gives up before. The work runs on a
// locked OS thread, so that hashing cannot starve other goroutines.
func WithPasswordWork(ctx context.Context, work func() error) error {
	select {
	case passwordWork <- struct{}{}:
		runtime.LockOSThread()
		defer func() {
			runtime.UnlockOSThread()
			<-passwordWork
		}()
		return work()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SpendPasswordWork takes as long as comparing a password with the hash of a record
// in the named collection, for callers that must not learn that there is none.
func SpendPasswordWork(ctx context.Context, app core.App, collection, password string) error {
	hash, err := nobodysHash(app, collection)
	if err != nil {
		return err
	}
	return WithPasswordWork(ctx, func() error {
		core.PasswordFieldValue{Hash: hash}.Validate(password)
		return nil
	})
}

// nobodysHashes are hashes of random passwords, by their cost.
var nobodysHashes sync.Map

func nobodysHash(app core.App, name string) (string, error) {
	collection, err := app.FindCachedCollectionByNameOrId(name)
	if err != nil {
		return "", err
	}
	cost := bcrypt.DefaultCost
	if field, ok := collection.Fields.GetByName(core.FieldNamePassword).(*core.PasswordField); ok && field.Cost > 0 {
		cost = field.Cost
	}
	if known, ok := nobodysHashes.Load(cost); ok {
		return known.(string), nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(newID()), cost)
	if err != nil {
		return "", err
	}
	nobodysHashes.Store(cost, string(hash))
	return string(hash), nil
}

// Login checks a user's credentials and begins a session, as SimpleJWT's
// TokenObtainPairSerializer. It costs the same for unknown e-mail addresses.
func Login(ctx context.Context, app core.App, email, password string, agent Agent, lifetimes Lifetimes) (Pair, error) {
	user, err := app.FindAuthRecordByEmail(collections.Users, email)
	if err != nil && !isNotFound(err) {
		return Pair{}, err
	}
	valid := false
	err = WithPasswordWork(ctx, func() error {
		if user != nil {
			valid = user.ValidatePassword(password)
			return nil
		}
		core.PasswordFieldValue{Hash: unknownUserHash}.Validate(password)
		return nil
	})
	if err == nil && valid {
		valid, err = mayAuthenticate(app, user)
	}
	if err != nil {
		return Pair{}, err
	}
	if !valid {
		return Pair{}, NoActiveAccount()
	}
	session, refreshID := core.GenerateDefaultRandomId(), newID()
	pair, err := issuePair(user, session, refreshID, lifetimes)
	if err != nil {
		return Pair{}, err
	}
	expires := time.Now().Add(max(lifetimes.Access, lifetimes.Refresh))
	return pair, startSession(ctx, app, user, session, refreshID, expires, agent)
}

// mayAuthenticate is SimpleJWT's USER_AUTHENTICATION_RULE: what operators set for
// signing in to the users collection holds here too. A user who has to show more
// than a password cannot, on this API.
func mayAuthenticate(app core.App, user *core.Record) (bool, error) {
	users := user.Collection()
	if !users.PasswordAuth.Enabled {
		return false, nil
	}
	info := &core.RequestInfo{Context: core.RequestInfoContextPasswordAuth}
	if users.MFA.Enabled {
		needsMore, err := app.CanAccessRecord(user, info, &users.MFA.Rule)
		if err != nil || needsMore {
			return false, err
		}
	}
	return app.CanAccessRecord(user, info, users.AuthRule)
}

func isNotFound(err error) bool { return errors.Is(err, sql.ErrNoRows) }
