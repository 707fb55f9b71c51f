package rest

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"
)

// InvalidURL is the message of DRF's URLField.
const InvalidURL = "Enter a valid URL."

// maxURL and maxHost limit the characters of a URL and of its host, as in Django.
const maxURL, maxHost = 2048, 253

// urlPattern is the pattern of Django's URLValidator. As in the patterns of e-mail
// addresses, (?i) has no part in the letters from U+00A1.
var urlPattern = regexp.MustCompile(`^(?i:https?|ftps?)://(?:[^\s:@/]+(?::[^\s:@/]*)?@)?(` +
	ipv4 + `|\[[0-9A-Fa-f:.]+\]|` + label + `(?:\.` + label + `)*\.(?:` + letter + `(?:[A-Za-z\x{a1}-\x{ffff}-]{0,61}` + letter + `)|(?i:xn--[a-z0-9]{1,59}))\.?|(?i:localhost))` +
	`(?::[0-9]{1,5})?(?:[/?#][^\s]*)?$`)

const (
	ipv4   = `(?:0|25[0-5]|2[0-4][0-9]|1[0-9]?[0-9]?|[1-9][0-9]?)(?:\.(?:0|25[0-5]|2[0-4][0-9]|1[0-9]?[0-9]?|[1-9][0-9]?)){3}`
	letter = `[A-Za-z\x{a1}-\x{ffff}]`
	label  = `[A-Za-z\x{a1}-\x{ffff}0-9](?:[A-Za-z\x{a1}-\x{ffff}0-9-]{0,61}[A-Za-z\x{a1}-\x{ffff}0-9])?`
)

// ValidURL reports whether Django's URLValidator accepts a URL.
func ValidURL(text string) bool {
	match := urlPattern.FindStringSubmatch(text)
	if match == nil || utf8.RuneCountInString(text) > maxURL || len(match[1]) > maxHost || strings.ContainsRune(text, 0) {
		return false
	}
	if address, bracketed := strings.CutPrefix(match[1], "["); bracketed {
		_, err := netip.ParseAddr(strings.TrimSuffix(address, "]"))
		return err == nil
	}
	return true
}
