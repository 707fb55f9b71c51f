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
	"carebase/internal/deadline"
	"carebase/internal/django"
	"carebase/internal/rest"
)

// MaxPasswordWork is the number of passwords hashed concurrently: bcrypt takes about
// 50 ms of CPU time, and a flood of logins must not use all cores.
var MaxPasswordWork = int32(max(1, runtime.GOMAXPROCS(0)/2))

var passwordWork = make(chan struct{}, MaxPasswordWork)

// ReserveProcessors raises GOMAXPROCS by the number of concurrent password hashes, so
// that hashing does not block other goroutines; the operating system shares the cores
// among the threads. A server calls it once, on startup.
func ReserveProcessors() {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + int(MaxPasswordWork))
}

// WithPasswordWork runs work that hashes a password once a slot is free, or returns
// the error of the context, or of the work that it belongs to, if that ends first. The
// work runs on a locked OS thread, so that hashing cannot starve other goroutines.
func WithPasswordWork(ctx context.Context, work func() error) error {
	select {
	case passwordWork <- struct{}{}:
		runtime.LockOSThread()
		defer func() {
			runtime.UnlockOSThread()
			<-passwordWork
		}()
		return work()
	case <-deadline.Live(ctx).Done():
		return deadline.Err(ctx)
	}
}

// SpendPasswordWork takes as long as checking a password of a record in the named
// collection. Callers use it to hide that no such record exists.
func SpendPasswordWork(ctx context.Context, app core.App, collection, password string) error {
	return WithPasswordWork(ctx, func() error { return CheckNobody(app, collection, password) })
}

// CheckNobody is SpendPasswordWork for callers that have a slot.
func CheckNobody(app core.App, collection, password string) error {
	hash, err := dummyHash(app, collection)
	if err != nil {
		return err
	}
	core.PasswordFieldValue{Hash: hash}.Validate(password)
	return nil
}

// dummyHashes caches hashes of random passwords by cost.
var dummyHashes sync.Map

func dummyHash(app core.App, name string) (string, error) {
	collection, err := app.FindCachedCollectionByNameOrId(name)
	if err != nil {
		return "", err
	}
	cost := bcrypt.DefaultCost
	if field, ok := collection.Fields.GetByName(core.FieldNamePassword).(*core.PasswordField); ok && field.Cost > 0 {
		cost = field.Cost
	}
	if known, ok := dummyHashes.Load(cost); ok {
		return known.(string), nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(newID()), cost)
	if err != nil {
		return "", err
	}
	dummyHashes.Store(cost, string(hash))
	return string(hash), nil
}

// Login checks a user's credentials and starts a session, like SimpleJWT's
// TokenObtainPairSerializer. Unknown e-mail addresses take the same time.
func Login(ctx context.Context, app core.App, email, password string, agent Agent, lifetimes Lifetimes) (Pair, error) {
	user, err := collections.FindByEmail(app, collections.Users, email)
	if err != nil {
		return Pair{}, err
	}
	dummy, err := dummyHash(app, collections.Users)
	if err != nil {
		return Pair{}, err
	}
	valid := false
	err = WithPasswordWork(ctx, func() (err error) {
		begun := time.Now()
		if user == nil {
			core.PasswordFieldValue{Hash: dummy}.Validate(password)
			if normal := rest.NormalizePassword(password); normal != password {
				core.PasswordFieldValue{Hash: dummy}.Validate(normal)
			}
		} else if valid, err = django.Verify(ctx, app, user, password); err != nil {
			return err
		}
		if valid = valid && !django.IsInactive(user); valid {
			return nil
		}
		return DjangoWork(app).Spend(ctx, app, collections.Users, begun)
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
	pair, err := StartSession(ctx, app, user, agent, lifetimes)
	if err != nil {
		return Pair{}, OfDeleted(err, NoActiveAccount())
	}
	return pair, nil
}

// StartSession starts a session of a user whose credentials hold, and returns its
// tokens. The error is ErrNoUser if the account was deleted meanwhile.
func StartSession(ctx context.Context, app core.App, user *core.Record, agent Agent, lifetimes Lifetimes) (Pair, error) {
	session, refreshID := core.GenerateDefaultRandomId(), newID()
	pair, err := issuePair(user, session, refreshID, lifetimes)
	if err != nil {
		return Pair{}, err
	}
	expires := time.Now().Add(max(lifetimes.Access, lifetimes.Refresh))
	return pair, startSession(ctx, app, user, session, refreshID, expires, agent)
}

// djangoWorkKey is the app store key of DjangoWork.
const djangoWorkKey = "simplejwt.djangoWork"

// DjangoWork returns the app's django.Work, which equalizes the time of rejected
// sign-ins while users have passwords hashed by Django.
func DjangoWork(app core.App) *django.Work {
	return app.Store().GetOrSet(djangoWorkKey, func() any { return new(django.Work) }).(*django.Work)
}

// mayAuthenticate is SimpleJWT's USER_AUTHENTICATION_RULE. It applies the users
// collection's sign-in options that operators set in PocketBase. Users who need a
// second factor cannot sign in here.
func mayAuthenticate(app core.App, user *core.Record) (bool, error) {
	users := user.Collection()
	if django.IsInactive(user) || !users.PasswordAuth.Enabled {
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
