// Package password verifies the password hashes that Django stores.
//
// Formats and parameters follow django/contrib/auth/hashers.py of Django 5.2.
package password

import (
	"errors"
	"strings"
)

// ErrUnknown means that a hash has an unknown algorithm, is malformed, or exceeds the
// work limits of its algorithm.
var ErrUnknown = errors.New("unknown or too expensive password hash")

// ErrWeak means that a hash uses an algorithm that is only accepted if the caller
// allows weak ones.
var ErrWeak = errors.New("weak password hash (md5)")

// maxLength bounds an encoded hash. Django's column holds 128 characters.
const maxLength = 512

// unusablePrefix marks a password as unusable in Django.
const unusablePrefix = "!"

// Hash is a parsed password hash. The zero value matches no password.
type Hash struct {
	algorithm string
	verify    func(plain []byte) bool
}

// Algorithm returns Django's name of the algorithm; "" for an unusable password.
func (h Hash) Algorithm() string { return h.algorithm }

// Usable reports whether the hash can match any password.
func (h Hash) Usable() bool { return h.verify != nil }

// Verify reports whether plain matches the hash, in constant time.
func (h Hash) Verify(plain string) bool { return h.verify != nil && h.verify([]byte(plain)) }

// parser parses what follows the algorithm's name and "$".
type parser func(rest string) (verify func(plain []byte) bool, err error)

var parsers = map[string]parser{
	"pbkdf2_sha256": parsePBKDF2SHA256,
	"pbkdf2_sha1":   parsePBKDF2SHA1,
	"argon2":        parseArgon2,
	"bcrypt":        parseBcrypt,
	"bcrypt_sha256": parseBcryptSHA256,
	"scrypt":        parseScrypt,
	weakAlgorithm:   parseMD5,
}

const weakAlgorithm = "md5"

// Parse parses the value of Django's password column. An unusable password ("!...", or
// an empty string) yields a Hash that matches nothing. The error is ErrUnknown, or
// ErrWeak for salted MD5 unless allowWeak is set.
func Parse(encoded string, allowWeak bool) (Hash, error) {
	if encoded == "" || strings.HasPrefix(encoded, unusablePrefix) {
		return Hash{}, nil
	}
	algorithm, rest, _ := strings.Cut(encoded, "$")
	parse := parsers[algorithm]
	if parse == nil || len(encoded) > maxLength {
		return Hash{}, ErrUnknown
	}
	if algorithm == weakAlgorithm && !allowWeak {
		return Hash{}, ErrWeak
	}
	verify, err := parse(rest)
	if err != nil {
		return Hash{}, ErrUnknown
	}
	return Hash{algorithm: algorithm, verify: verify}, nil
}

// defaultIterations approximates the cost of algorithms other than PBKDF2 with
// Django's parameters, in iterations of PBKDF2 with SHA-256.
const defaultIterations = 600_000

// Iterations returns the approximate cost of verifying a hash, in iterations of PBKDF2
// with SHA-256. It needs only the beginning of the hash.
func Iterations(encoded string) int {
	algorithm, rest, found := strings.Cut(encoded, "$")
	switch {
	case !found || parsers[algorithm] == nil || algorithm == weakAlgorithm:
		return 0
	case strings.HasPrefix(algorithm, "pbkdf2_"):
		digits, _, _ := strings.Cut(rest, "$")
		iterations, err := positive(digits, MaxIterations)
		if err != nil {
			return 0
		}
		return iterations
	}
	return defaultIterations
}
