package config

import (
	"regexp"
	"strconv"
	"time"
)

// Rate is how many requests are admitted in a period.
type Rate struct {
	Requests int
	Period   time.Duration
}

// Throttle has the limits on how often the API can be asked.
type Throttle struct {
	// Login is for requests that sign in, or lead there, from one address, and
	// FailedLogin for those of them that fail; Register is for registrations from
	// one address.
	Login, FailedLogin, Register Rate
	// User is for all requests of one user.
	User Rate
}

// throttle is nil where there are to be no limits.
func (v *validator) throttle(raw variables) *Throttle {
	limits := &Throttle{
		Login:       v.rate("THROTTLE_LOGIN", raw.ThrottleLogin, 600),
		FailedLogin: v.rate("THROTTLE_FAILED_LOGIN", raw.ThrottleFailedLogin, 100),
		Register:    v.rate("THROTTLE_REGISTER", raw.ThrottleRegister, 600),
		User:        v.rate("THROTTLE_USER", raw.ThrottleUser, 120_000),
	}
	if !v.boolean("THROTTLE", orDefault(raw.Throttle, "True")) {
		return nil
	}
	return limits
}

// ratePattern is DRF's notation: of the period, the first letter counts.
var ratePattern = regexp.MustCompile(`^([1-9][0-9]{0,8})/([smhd])[a-z]*$`)

// rate reads a rate, perMinute unless one is set.
func (v *validator) rate(name, value string, perMinute int) Rate {
	if value == "" {
		return Rate{Requests: perMinute, Period: time.Minute}
	}
	parts := ratePattern.FindStringSubmatch(value)
	if parts == nil {
		v.problem(name, value, "a rate such as 10/s, 600/min, 5000/hour or 100000/day")
		return Rate{}
	}
	requests, err := strconv.Atoi(parts[1])
	if err != nil {
		v.problem(name, value, "a rate with a number of requests")
	}
	period := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[parts[2]]
	return Rate{Requests: requests, Period: period}
}
