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

// urlPattern is the pattern of Django's URLValidator.
var urlPattern = regexp.MustCompile(`(?i)^(?:https?|ftps?)://(?:[^\s:@/]+(?::[^\s:@/]*)?@)?(` +
	ipv4 + `|\[[0-9a-f:.]+\]|` + label + `(?:\.` + label + `)*\.(?:` + letter + `(?:[a-z\x{a1}-\x{ffff}-]{0,61}` + letter + `)|xn--[a-z0-9]{1,59})\.?|localhost)` +
	`(?::[0-9]{1,5})?(?:[/?#][^\s]*)?$`)

const (
	ipv4   = `(?:0|25[0-5]|2[0-4][0-9]|1[0-9]?[0-9]?|[1-9][0-9]?)(?:\.(?:0|25[0-5]|2[0-4][0-9]|1[0-9]?[0-9]?|[1-9][0-9]?)){3}`
	letter = `[a-z\x{a1}-\x{ffff}]`
	label  = `[a-z\x{a1}-\x{ffff}0-9](?:[a-z\x{a1}-\x{ffff}0-9-]{0,61}[a-z\x{a1}-\x{ffff}0-9])?`
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
