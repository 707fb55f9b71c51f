package rest

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

const (
	// maxEmailLength is the limit of Django's EmailValidator in characters.
	maxEmailLength = 320
	// maxIPv6Length is the limit of Django's IPv6 addresses in characters.
	maxIPv6Length = 39
)

// InvalidEmail is Django's message for an invalid address.
const InvalidEmail = "Enter a valid email address."

// The patterns of Django 5.2's EmailValidator and DomainNameValidator. In Python
// the letters of a pattern without regard to case include İ and ı, and ſ and the
// Kelvin sign, which they also do in Go. DomainNameValidator counts everything from
// U+00A1 to U+FFFF as a letter; that range is complete without (?i), with which it
// takes a hundred times as long to compile, at every start.
var (
	emailDotAtom  = regexp.MustCompile("(?i)^[-!#$%&'*+/=?^_`{}|~0-9A-Zİı]+(\\.[-!#$%&'*+/=?^_`{}|~0-9A-Zİı]+)*$")
	emailQuoted   = regexp.MustCompile(`^"([\x01-\x08\x0b\x0c\x0e-\x1f!#-\[\]-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*"$`)
	domainLabel   = regexp.MustCompile(`^[A-Za-z0-9\x{a1}-\x{ffff}]([A-Za-z0-9\x{a1}-\x{ffff}-]{0,61}[A-Za-z0-9\x{a1}-\x{ffff}])?$`)
	domainTop     = regexp.MustCompile(`^([A-Za-z\x{a1}-\x{ffff}][A-Za-z\x{a1}-\x{ffff}-]{0,61}[A-Za-z\x{a1}-\x{ffff}]|(?i:xn--[A-Z0-9\x{130}\x{131}]{1,59}))$`)
	domainLiteral = regexp.MustCompile(`(?i)^\[[A-F0-9:.]+\]$`)
)

// ValidEmail reports whether Django's EmailValidator accepts the address.
func ValidEmail(address string) bool {
	at := strings.LastIndexByte(address, '@')
	if at < 0 || utf8.RuneCountInString(address) > maxEmailLength {
		return false
	}
	user, domain := address[:at], address[at+1:]
	return (emailDotAtom.MatchString(user) || emailQuoted.MatchString(user)) && validDomain(domain)
}

func validDomain(domain string) bool {
	if domain == "localhost" {
		return true
	}
	if domainLiteral.MatchString(domain) {
		literal := domain[1 : len(domain)-1]
		ip, err := netip.ParseAddr(literal)
		return err == nil && (ip.Is4() || len(literal) <= maxIPv6Length)
	}
	labels := strings.Split(domain, ".")
	top := len(labels) - 1
	for _, label := range labels[:top] {
		if !domainLabel.MatchString(label) {
			return false
		}
	}
	return top > 0 && domainTop.MatchString(labels[top])
}

// domains are compared as they are looked up, and shown in their own letters.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false))

// NormalizeEmail returns the one spelling of a mailbox: its domain in lower case, like
// Django's BaseUserManager.normalize_email, an internationalized one in its own letters,
// whether it was written so or as xn--…, without a dot at its end, and letters with
// accents composed (NFC). Before the @, letters outside ASCII are small: databases
// compare those of ASCII without regard to case, and no others.
func NormalizeEmail(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	domain := strings.TrimSuffix(strings.ToLower(address[at+1:]), ".")
	if shown, err := domains.ToUnicode(domain); err == nil && isInternational(domain) {
		domain = shown
	}
	return norm.NFC.String(strings.Map(small, norm.NFC.String(address[:at]))) + "@" + norm.NFC.String(domain)
}

// small returns the small letter of one outside ASCII, unless that is in ASCII.
func small(letter rune) rune {
	if lower := unicode.ToLower(letter); letter > unicode.MaxASCII && lower > unicode.MaxASCII {
		return lower
	}
	return letter
}

func isInternational(domain string) bool {
	return strings.Contains(domain, "xn--") || strings.ContainsFunc(domain, func(letter rune) bool { return letter > unicode.MaxASCII })
}
