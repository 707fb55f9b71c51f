package config

import "strconv"

// Realtime has the limits on what realtime clients may ask for.
type Realtime struct {
	// MaxSubscriptions is for one client, and MaxClients how many clients one user
	// may have.
	MaxSubscriptions, MaxClients int
}

const (
	defaultMaxSubscriptions = 50
	defaultMaxClients       = 20
)

func (v *validator) realtime(raw variables) Realtime {
	return Realtime{
		MaxSubscriptions: v.count("REALTIME_MAX_SUBSCRIPTIONS", raw.RealtimeMaxSubscriptions, defaultMaxSubscriptions, 1000),
		MaxClients:       v.count("REALTIME_MAX_CLIENTS", raw.RealtimeMaxClients, defaultMaxClients, 10_000),
	}
}

// count reads a number from 1 to a limit.
func (v *validator) count(name, value string, fallback, limit int) int {
	if value == "" {
		return fallback
	}
	number, err := strconv.Atoi(value)
	if err != nil || number < 1 || number > limit {
		v.problem(name, value, "a number from 1 to "+strconv.Itoa(limit))
	}
	return number
}
