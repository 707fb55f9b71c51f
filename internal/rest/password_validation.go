package rest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	minPasswordLength = 8
	// maxPasswordLength is PocketBase's limit in bytes, below bcrypt's 72.
	maxPasswordLength = 71
	// maxSimilarity is the similarity ratio from which a password is rejected.
	maxSimilarity = 0.7
	// maxCompared limits the length in bytes of compared texts. Longer texts exceed
	// every field's limit anyway.
	maxCompared = 10_000
)

//go:embed common-passwords.txt.gz
var commonPasswordsFile []byte

// commonPasswords loads the list on first use.
var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	unzipped, err := gzip.NewReader(bytes.NewReader(commonPasswordsFile))
	if err != nil {
		panic(err) // the file is embedded
	}
	passwords := map[string]struct{}{}
	lines := bufio.NewScanner(unzipped)
	for lines.Scan() {
		passwords[lines.Text()] = struct{}{}
	}
	if err := lines.Err(); err != nil {
		panic(err)
	}
	return passwords
})

// UserAttribute is an attribute that the user's password must not resemble.
type UserAttribute struct{ Name, Value string }

// NormalizePassword returns the one spelling of a password, whichever keyboard and system
// it was typed on (NFKC).
func NormalizePassword(password string) string { return norm.NFKC.String(password) }

// ValidatePassword returns the messages about a new password, like Django's
// validate_password with its default validators; nil if it is acceptable.
func ValidatePassword(password string, attributes ...UserAttribute) []string {
	var messages []string
	for _, attribute := range attributes {
		if similar(password, attribute.Value) {
			messages = append(messages, "The password is too similar to the "+attribute.Name+".")
			break
		}
	}
	if utf8.RuneCountInString(password) < minPasswordLength {
		messages = append(messages, "This password is too short. It must contain at least 8 characters.")
	}
	if len(password) > maxPasswordLength {
		messages = append(messages, "This password is too long. It must contain at most 71 bytes.")
	}
	if _, common := commonPasswords()[Strip(strings.ToLower(password))]; common {
		messages = append(messages, "This password is too common.")
	}
	if password != "" && !strings.ContainsFunc(password, func(r rune) bool { return !pythonDigit(r) }) {
		messages = append(messages, "This password is entirely numeric.")
	}
	return messages
}

var notWord = regexp.MustCompile(`[^\p{L}\p{N}_]+`)

// similar compares the password with the attribute and each of its words, like
// Django's UserAttributeSimilarityValidator.
func similar(password, attribute string) bool {
	if attribute == "" || len(attribute) > maxCompared || len(password) > maxCompared {
		return false
	}
	letters := []rune(strings.ToLower(password))
	attribute = strings.ToLower(attribute)
	for _, part := range append(notWord.Split(attribute, -1), attribute) {
		other := []rune(part)
		if len(letters) >= 10*len(other) && float64(len(other)) < maxSimilarity/2*float64(len(letters)) {
			continue // too short to be similar
		}
		if quickRatio(letters, other) >= maxSimilarity {
			return true
		}
	}
	return false
}

// quickRatio returns the share of characters in common, in any order, like
// difflib.SequenceMatcher.quick_ratio.
func quickRatio(a, b []rune) float64 {
	if len(a)+len(b) == 0 {
		return 1
	}
	available := map[rune]int{}
	for _, r := range b {
		available[r]++
	}
	matches := 0
	for _, r := range a {
		if available[r] > 0 {
			available[r]--
			matches++
		}
	}
	return 2 * float64(matches) / float64(len(a)+len(b))
}
