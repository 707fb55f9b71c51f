package rest

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxEmailLength is the longest address, as Django's EmailValidator.
const maxEmailLength = 320

// InvalidEmail is what is said of an address that is none.
const InvalidEmail = "Enter a valid email address."

var (
	emailDotAtom = regexp.MustCompile("(?i)^[-!#$%&'*+/=?^_`{}|~0-9A-Z]+(\\.[-!#$%&'*+/=?^_`{}|~0-9A-Z]+)*$")
	emailQuoted  = regexp.MustCompile(`^"([\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"$`)
	domainLabel  = regexp.MustCompile(`(?i)^[A-Z0-9]([A-Z0-9-]{0,61}[A-Z0-9])?$`)
	domainTop    = regexp.MustCompile(`(?i)^[A-Z0-9-]{1,62}[A-Z0-9]$`)
)

// ValidEmail reports whether Django's EmailValidator accepts the address.
func ValidEmail(address string) bool {
	at := strings.LastIndexByte(address, '@')
	if at < 0 || utf8.RuneCountInString(address) > maxEmailLength {
		return false
	}
	user, domain := address[:at], address[at+1:]
	if !emailDotAtom.MatchString(user) && !emailQuoted.MatchString(user) {
		return false
	}
	return validDomain(strings.Map(internationalLetter, domain))
}

// internationalLetter lets letters and digits of all scripts pass as letters,
// which is what becomes of them in an internationalized domain name.
func internationalLetter(r rune) rune {
	if r > unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) {
		return 'a'
	}
	return r
}

func validDomain(domain string) bool {
	if domain == "localhost" {
		return true
	}
	if literal, ok := strings.CutPrefix(domain, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(literal, "]"))
		return err == nil && ip.Zone() == "" && strings.HasSuffix(literal, "]")
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels[:len(labels)-1] {
		if !domainLabel.MatchString(label) {
			return false
		}
	}
	return len(labels) > 1 && domainTop.MatchString(labels[len(labels)-1])
}

// NormalizeEmail returns the address with its domain in lower case, like Django's
// BaseUserManager.normalize_email.
func NormalizeEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	return address[:at] + strings.ToLower(address[at:])
}
