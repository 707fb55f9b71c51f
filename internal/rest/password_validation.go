package rest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

const (
	minPasswordLength = 8
	// maxPasswordLength is bcrypt's limit in bytes.
	maxPasswordLength = 71
	// maxSimilarity is the ratio from which on a password is too much like an
	// attribute of its user.
	maxSimilarity = 0.7
	// maxCompared is the longest text in bytes that is compared. What is longer
	// is too long for every field.
	maxCompared = 10_000
)

//go:embed common-passwords.txt.gz
var commonPasswordsFile []byte

// commonPasswords are read when the first password is checked.
var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	unzipped, err := gzip.NewReader(bytes.NewReader(commonPasswordsFile))
	if err != nil {
		panic(err) // the file is part of the binary
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

// UserAttribute is a value of a user that a password must not resemble.
type UserAttribute struct{ Name, Value string }

// ValidatePassword returns all that is wrong with a new password, as Django's
// validate_password with its stock validators.
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
	if password != "" && strings.IndexFunc(password, notDigit) < 0 {
		messages = append(messages, "This password is entirely numeric.")
	}
	return messages
}

func notDigit(r rune) bool { return !unicode.IsDigit(r) }

var notWord = regexp.MustCompile(`[^\p{L}\p{N}_]+`)

// similar compares with the whole attribute and each of its words, as Django's
// UserAttributeSimilarityValidator.
func similar(password, attribute string) bool {
	if attribute == "" || len(attribute) > maxCompared || len(password) > maxCompared {
		return false
	}
	letters := []rune(strings.ToLower(password))
	attribute = strings.ToLower(attribute)
	for _, part := range append(notWord.Split(attribute, -1), attribute) {
		other := []rune(part)
		if len(letters) >= 10*len(other) && float64(len(other)) < maxSimilarity/2*float64(len(letters)) {
			continue // too short to decide anything
		}
		if quickRatio(letters, other) >= maxSimilarity {
			return true
		}
	}
	return false
}

// quickRatio is the share of common letters in any order, as
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
