// Package throttle bounds how often the API can be asked, so that nobody can
// guess their way in or take the server from everybody else: by address and by
// account where people sign in or register, by user elsewhere.
//
// What an address or a user may do is counted in memory, by each process for
// itself. What has failed for an account is stored, so that it counts in all
// processes and after a restart.
package throttle

import (
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

// Throttle has the limits of one app.
type Throttle struct {
	logins, failedLogins, registrations, requests, sessions, mails *limiter
	turns                                                          turns
}

var (
	// sessionRate is how often one refresh token can be used.
	sessionRate = config.Rate{Requests: 300, Period: time.Minute}
	// mailRate is how many mails can be asked for one account. From the eleventh
	// on, PocketBase's answers would tell whether it exists.
	mailRate = config.Rate{Requests: 10, Period: time.Hour}
)

// storeKey is where the app has its Throttle.
const storeKey = "throttle"

// Install gives the app its limits, or none for nil.
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

// Of is the app's Throttle, nil if it has no limits; a nil one admits all.
func Of(app core.App) *Throttle {
	limits, _ := app.Store().Get(storeKey).(*Throttle)
	return limits
}

// Request counts a request of its user, or of its address for a guest. A
// superuser's are not counted.
func (t *Throttle) Request(e *core.RequestEvent) error {
	switch {
	case t == nil || e.HasSuperuserAuth():
		return nil
	case e.Auth != nil:
		return refuseFor(e, t.requests.take(e.Auth.Id, time.Now()))
	}
	return refuseFor(e, t.requests.take(origin(e.Request), time.Now()))
}

// Door counts a request at one of the doors that people sign in by.
func (t *Throttle) Door(e *core.RequestEvent) error {
	if t == nil {
		return nil
	}
	now, from := time.Now(), origin(e.Request)
	return refuseFor(e, max(t.logins.take(from, now), t.failedLogins.look(from, now)))
}

// Registration counts a registration.
func (t *Throttle) Registration(e *core.RequestEvent) error {
	if t == nil {
		return nil
	}
	return refuseFor(e, t.registrations.take(origin(e.Request), time.Now()))
}

// Mail counts a request for a mail to an account, whether there is one or not.
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

// Login lets the attempt to sign in to an account happen, unless too much has
// failed before. The attempt says with Wrong that its credentials were. Attempts
// at one account come one after the other.
func (t *Throttle) Login(e *core.RequestEvent, account Account, attempt func() error) error {
	if t == nil {
		err := attempt()
		if wrong, ok := err.(wrong); ok {
			return wrong.error
		}
		return err
	}
	unlock, err := t.turns.lock(e.Request.Context(), account.key())
	if err != nil {
		return err
	}
	defer unlock()
	ctx, app, from := e.Request.Context(), e.App, origin(e.Request)
	history, err := load(ctx, app, account.key(), from)
	if err != nil {
		return err
	}
	if err := refuseFor(e, max(history.wait(time.Now()), t.failedLogins.look(from, time.Now()))); err != nil {
		return err
	}
	err = attempt()
	if err == nil {
		return history.succeeded(ctx, app)
	}
	if wrong, ok := err.(wrong); ok {
		t.failedLogins.take(from, time.Now())
		if err := history.failed(ctx, app); err != nil {
			return err
		}
		return wrong.error
	}
	return err
}

// refuseFor is the 429 of a request that comes too early, nil if it does not.
// The documented API renders it in its own shape.
func refuseFor(e *core.RequestEvent, wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	seconds := int((wait + time.Second - 1) / time.Second)
	e.Response.Header().Set("Retry-After", strconv.Itoa(seconds))
	return router.NewApiError(http.StatusTooManyRequests, fmt.Sprintf("Too many requests. Try again in %d s.", seconds), nil)
}

// origin is what is counted as one address: an IPv6 address with all others of
// its network, which are one client's to choose from.
func origin(request *http.Request) string {
	address := forwarded.Client(request)
	if address.Is6() {
		return netip.PrefixFrom(address, 64).Masked().String()
	}
	return address.String()
}
