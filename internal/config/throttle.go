package config

import (
	"regexp"
	"strconv"
	"time"
)

// Rate is the number of requests allowed in a period.
type Rate struct {
	Requests int
	Period   time.Duration
}

// Throttle has the rate limits of the API.
type Throttle struct {
	// Login limits the requests of one address that sign in or lead to it,
	// FailedLogin those of them that fail, and Register its registrations.
	Login, FailedLogin, Register Rate
	// User limits all requests of one user.
	User Rate
}

// throttle returns nil if THROTTLE is False.
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

// ratePattern is DRF's notation, where only the first letter of the period counts.
var ratePattern = regexp.MustCompile(`^([1-9][0-9]{0,8})/([smhd])[a-z]*$`)

// rate parses a rate; perMinute is the default.
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
