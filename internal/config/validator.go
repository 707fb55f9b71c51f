package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	defaultAddress     = "127.0.0.1:8000"
	minSecretKeyLength = 32 // characters
	// The limits of passwords are PocketBase's and bcrypt's.
	minSuperuserPasswordLength = 8  // characters
	maxSuperuserPasswordLength = 71 // bytes
)

// validator converts variables to values and collects the problems.
type validator struct {
	problems []error
}

// problem adds a problem with a variable, and shows its value.
func (v *validator) problem(name, value, allowed string) {
	v.problems = append(v.problems, fmt.Errorf("%s is %q; it must be %s", name, value, allowed))
}

// secretProblem adds a problem with a variable without showing its value.
func (v *validator) secretProblem(name, allowed string) {
	v.problems = append(v.problems, fmt.Errorf("%s must be %s", name, allowed))
}

func (v *validator) boolean(name, value string) bool {
	switch strings.ToLower(value) {
	case "true", "1", "yes":
		return true
	case "", "false", "0", "no":
		return false
	}
	v.problem(name, value, "True or False (or 1, 0, yes, no)")
	return false
}

func (v *validator) secretKey(name, value string, debug bool) string {
	if value != "" && !debug && utf8.RuneCountInString(value) < minSecretKeyLength {
		v.secretProblem(name, fmt.Sprintf("at least %d characters long, or unset, unless DEBUG is True", minSecretKeyLength))
	}
	return value
}

var hostPattern = regexp.MustCompile(`^(\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)$`)

func (v *validator) hosts(name, value string) []string {
	hosts := split(value)
	if value != "" && hosts == nil {
		v.problem(name, value, "unset, or a list with at least one host")
	}
	for i, host := range hosts {
		address, err := netip.ParseAddr(strings.Trim(host, "[]"))
		if err != nil && !hostPattern.MatchString(host) {
			v.problem(name, value, "a comma-separated list of host names without port, IP addresses, .example.com for a domain with all its subdomains, or *")
			return nil
		}
		if err == nil {
			host = address.String()
		}
		hosts[i] = strings.ToLower(host)
	}
	return hosts
}

func (v *validator) origins(name, value string) []string {
	origins := split(value)
	for _, origin := range origins {
		if origin == "*" {
			continue
		}
		parsed, err := url.Parse(origin)
		if err != nil || parsed.Scheme == "" || parsed.Host == "" || origin != parsed.Scheme+"://"+parsed.Host {
			v.problem(name, value, "a comma-separated list of origins such as https://clinic.example.com, or *")
			return nil
		}
	}
	return origins
}

func (v *validator) networks(name, value string) []netip.Prefix {
	var networks []netip.Prefix
	for _, item := range split(value) {
		network, err := netip.ParsePrefix(item)
		if err != nil {
			var address netip.Addr
			address, err = netip.ParseAddr(item)
			network = netip.PrefixFrom(address, address.BitLen())
		}
		if err != nil {
			v.problem(name, value, "a comma-separated list of IP addresses and networks such as 10.0.0.0/8 or fd00::/8")
			return nil
		}
		networks = append(networks, network.Masked())
	}
	return networks
}

// address returns HTTP_ADDR, or all interfaces at PORT, as hosting platforms expect.
func (v *validator) address(address, port string) string {
	if port != "" && !isPort(port) {
		v.problem("PORT", port, "a port number from 0 to 65535")
	}
	if address == "" && port == "" {
		return defaultAddress
	}
	if address == "" {
		return "0.0.0.0:" + port
	}
	return v.listenAddress("HTTP_ADDR", address, defaultAddress)
}

// listenAddress checks a host:port to listen on; empty for none.
func (v *validator) listenAddress(name, value, example string) string {
	if value == "" {
		return ""
	}
	if _, number, err := net.SplitHostPort(value); err != nil || !isPort(number) {
		v.problem(name, value, "host:port such as "+example+", with a port from 0 to 65535")
	}
	return value
}

func (v *validator) sqliteSynchronous(name, value string) SQLiteSynchronous {
	switch synchronous := SQLiteSynchronous(strings.ToUpper(value)); synchronous {
	case "":
		return SynchronousFull
	case SynchronousFull, SynchronousNormal:
		return synchronous
	}
	v.problem(name, value, "FULL or NORMAL")
	return ""
}

func isPort(text string) bool {
	_, err := strconv.ParseUint(text, 10, 16)
	return err == nil
}

func (v *validator) lifetime(name, value string, fallback time.Duration) time.Duration {
	if value == "" {
		return fallback
	}
	lifetime, err := time.ParseDuration(value)
	if err != nil || lifetime < time.Second {
		v.problem(name, value, "a duration of at least 1s such as 30m or 168h")
	}
	return lifetime
}

// maxGrace bounds how long a stolen refresh token can pass for a lost answer.
const maxGrace = 5 * time.Minute

func (v *validator) grace(name, value string, fallback time.Duration) time.Duration {
	if value == "" {
		return fallback
	}
	grace, err := time.ParseDuration(value)
	if value == "0" {
		grace, err = 0, nil
	}
	if err != nil || grace < 0 || grace > maxGrace {
		v.problem(name, value, "a duration of at most 5m such as 10s, or 0")
	}
	return grace
}

func (v *validator) doctorsScope(name, value string) DoctorsScope {
	switch scope := DoctorsScope(orDefault(value, string(DoctorsGlobal))); scope {
	case DoctorsGlobal, DoctorsOwner:
		return scope
	}
	v.problem(name, value, "global or owner")
	return DoctorsGlobal
}

func (v *validator) registrationClosed(name, value string) bool {
	switch orDefault(value, "open") {
	case "open":
		return false
	case "closed":
		return true
	}
	v.problem(name, value, "open or closed")
	return false
}

var emailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$`)

func (v *validator) superuser(email, password string) (string, string) {
	if email == "" && password == "" {
		return "", ""
	}
	switch {
	case email == "":
		v.secretProblem("SUPERUSER_EMAIL", "set when SUPERUSER_PASSWORD is")
	case !emailPattern.MatchString(email):
		v.problem("SUPERUSER_EMAIL", email, "an e-mail address")
	}
	if utf8.RuneCountInString(password) < minSuperuserPasswordLength || len(password) > maxSuperuserPasswordLength {
		v.secretProblem("SUPERUSER_PASSWORD", fmt.Sprintf("at least %d characters and at most %d bytes long", minSuperuserPasswordLength, maxSuperuserPasswordLength))
	}
	return email, password
}

func split(value string) []string {
	var items []string
	for item := range strings.SplitSeq(value, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}
