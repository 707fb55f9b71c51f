// Package throttle limits requests, so that nobody can guess credentials or use
// up the server: by address and by account at sign-in and registration, by user
// elsewhere.
//
// The limits of addresses and users are counted in memory, by each process
// separately. Failed logins of an account are stored, so that they count in all
// processes and after a restart.
package throttle

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/config"
	"carebase/internal/forwarded"
)

// Throttle holds the limits of an app. All methods of a nil *Throttle admit
// every request. A refusal is a *router.ApiError with status 429, with the
// seconds to wait in the header Retry-After.
type Throttle struct {
	logins, failedLogins, registrations, requests, sessions, mails *limiter
	turns                                                          turns
}

var (
	// sessionRate is how often one refresh token may be used.
	sessionRate = config.Rate{Requests: 300, Period: time.Minute}
	// mailRate is how many mails may be requested for one account. From the
	// eleventh on, PocketBase's responses would reveal whether it exists.
	mailRate = config.Rate{Requests: 10, Period: time.Hour}
)

// storeKey is the key of the Throttle in the app's store.
const storeKey = "throttle"

// Install creates the app's limits, for Of to return. It returns nil for nil
// rates.
func Install(app core.App, rates *config.Throttle) *Throttle {
	if rates == nil {
		return nil
	}
	limits := &Throttle{
		logins:        newLimiter(rates.Login),
		failedLogins:  newLimiter(rates.FailedLogin),
		registrations: newLimiter(rates.Register),
		requests:      newLimiter(rates.User),
		sessions:      newLimiter(sessionRate),
		mails:         newLimiter(mailRate),
	}
	app.Store().Set(storeKey, limits)
	return limits
}

// Of returns the app's Throttle, or nil if it has no limits.
func Of(app core.App) *Throttle {
	limits, _ := app.Store().Get(storeKey).(*Throttle)
	return limits
}

// Request counts a request of its user, or of its address if it is a guest's.
// Requests of superusers are not counted.
func (t *Throttle) Request(e *core.RequestEvent) error {
	switch {
	case t == nil || e.HasSuperuserAuth():
		return nil
	case e.Auth != nil:
		return refuseFor(e, t.requests.take(e.Auth.Id, time.Now()))
	}
	return refuseFor(e, t.requests.take(forwarded.Network(forwarded.Client(e.Request)), time.Now()))
}

// Door counts a request to an endpoint for signing in.
func (t *Throttle) Door(e *core.RequestEvent) error {
	if t == nil {
		return nil
	}
	now, from := time.Now(), forwarded.Network(forwarded.Client(e.Request))
	return refuseFor(e, max(t.logins.take(from, now), t.failedLogins.peek(from, now)))
}

// Registration counts a registration.
func (t *Throttle) Registration(e *core.RequestEvent) error {
	if t == nil {
		return nil
	}
	return refuseFor(e, t.registrations.take(forwarded.Network(forwarded.Client(e.Request)), time.Now()))
}

// Mail counts a request for a mail to an account, whether the account exists or
// not.
func (t *Throttle) Mail(e *core.RequestEvent, account Account) error {
	if t == nil {
		return nil
	}
	return refuseFor(e, t.mails.take(account.key(), time.Now()))
}

// Session counts a use of a refresh token.
func (t *Throttle) Session(e *core.RequestEvent, token string) error {
	if t == nil {
		return nil
	}
	return refuseFor(e, t.sessions.take(digest(token), time.Now()))
}

// Login runs an attempt to sign in to an account, unless the account or the
// address has too many failures. The attempt returns an error made with Wrong
// if its credentials were wrong; Login returns it unwrapped. Attempts at one
// account are serialized.
func (t *Throttle) Login(e *core.RequestEvent, account Account, attempt func() error) error {
	if t == nil {
		_, err := checkCredentials(attempt)
		return err
	}
	unlock, err := t.turns.lock(e.Request.Context(), account.key())
	if err != nil {
		return err
	}
	defer unlock()
	ctx, app, from := e.Request.Context(), e.App, forwarded.Network(forwarded.Client(e.Request))
	logins, err := load(ctx, app, account.key(), from)
	if err != nil {
		return err
	}
	if err := refuseFor(e, max(logins.wait(time.Now()), t.failedLogins.peek(from, time.Now()))); err != nil {
		return err
	}
	isWrong, err := checkCredentials(attempt)
	switch {
	case err == nil:
		return logins.succeeded(ctx, app)
	case isWrong:
		t.failedLogins.take(from, time.Now())
		if err := logins.failed(ctx, app); err != nil {
			return err
		}
	}
	return err
}

// checkCredentials runs an attempt and returns whether its credentials were wrong,
// and its error without that mark.
func checkCredentials(attempt func() error) (isWrong bool, err error) {
	err = attempt()
	var wrong wrongCredentials
	if errors.As(err, &wrong) {
		return true, wrong.error
	}
	return false, err
}

// refuseFor returns the 429 of a request that has to wait, or nil. The
// documented API renders it in its own shape.
func refuseFor(e *core.RequestEvent, wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	e.Response.Header().Set("Retry-After", strconv.Itoa(seconds))
	return router.NewApiError(http.StatusTooManyRequests, fmt.Sprintf("Too many requests. Try again in %d s.", seconds), nil)
}

// origin returns what counts as one address: for IPv6 the /64 network, because
// a client can choose any address in it.
func origin(client netip.Addr) netip.Addr {
	if client.Is6() {
		return netip.PrefixFrom(client, 64).Masked().Addr()
	}
	return client
}
