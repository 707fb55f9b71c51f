// Package password verifies the password hashes that Django stores.
//
// Formats and parameters follow django/contrib/auth/hashers.py of Django 5.2.
package password

import (
	"errors"
	"strings"
)

// ErrUnknown means that a hash is of no known algorithm, is damaged, or costs
// more work than a login may: see the limits of each algorithm.
var ErrUnknown = errors.New("unknown or too expensive password hash")

// ErrWeak means that a hash is of an algorithm that is only read if the caller
// allows weak ones.
var ErrWeak = errors.New("weak password hash (md5)")

// maxLength bounds an encoded hash. Django's column has 128 characters.
const maxLength = 512

// unusablePrefix marks passwords that Django made unusable.
const unusablePrefix = "!"

// Hash is a parsed password hash. The zero value verifies nothing.
type Hash struct {
	algorithm string
	verify    func(plain []byte) bool
}

// Algorithm is Django's name of the algorithm; empty for an unusable password.
func (h Hash) Algorithm() string { return h.algorithm }

// Usable reports whether any password can verify.
func (h Hash) Usable() bool { return h.verify != nil }

// Verify reports whether plain is the password, in a time that does not depend
// on where they differ.
func (h Hash) Verify(plain string) bool { return h.verify != nil && h.verify([]byte(plain)) }

// parser reads what follows the name of an algorithm and its "$".
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

// Parse reads the value of Django's password column. An unusable password
// ("!...", or an empty text) is a Hash that verifies nothing. The error is
// ErrUnknown, or ErrWeak for a salted md5 unless allowWeak.
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

// defaultIterations is about what an algorithm other than PBKDF2 costs with
// Django's parameters, in iterations of PBKDF2 with SHA-256.
const defaultIterations = 600_000

// Iterations is about what it costs to verify a hash, in iterations of PBKDF2 with
// SHA-256; the beginning of the hash is enough.
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
