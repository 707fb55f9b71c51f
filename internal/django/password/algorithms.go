package password

import (
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"
)

// Upper bounds on the work of one verification: about one second of CPU time, and 256
// MiB of memory. Django 5.2 itself uses 1,000,000 iterations of PBKDF2, 100 MiB and 2
// passes of Argon2, cost 12 of bcrypt, and N = 16384, r = 8, p = 5 of scrypt.
const (
	MaxIterations   = 5_000_000 // of PBKDF2
	MaxBcryptCost   = 14
	MaxArgon2Memory = 256 << 10 // in KiB
	MaxArgon2Work   = 1 << 20   // memory in KiB times passes
	MaxArgon2Lanes  = 64
	MaxScryptMemory = 256 << 20 // in bytes: 128 N r
	MaxScryptWork   = 1 << 22   // N r p
)

const (
	minKey  = 16 // bytes of a key or digest
	maxKey  = 64
	minSalt = 8 // of Argon2
)

var errFormat = errors.New("damaged hash")

func parsePBKDF2SHA256(rest string) (func([]byte) bool, error) {
	return parsePBKDF2(rest, sha256.New, sha256.Size)
}

func parsePBKDF2SHA1(rest string) (func([]byte) bool, error) {
	return parsePBKDF2(rest, sha1.New, sha1.Size)
}

// parsePBKDF2 parses iterations$salt$key.
func parsePBKDF2[H hash.Hash](rest string, digest func() H, size int) (func([]byte) bool, error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 3 {
		return nil, errFormat
	}
	iterations, err := positive(parts[0], MaxIterations)
	if err != nil {
		return nil, err
	}
	salt := []byte(parts[1])
	want, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(want) != size || len(salt) == 0 {
		return nil, errFormat
	}
	return func(plain []byte) bool {
		key, err := pbkdf2.Key(digest, string(plain), salt, iterations, size)
		return err == nil && equal(key, want)
	}, nil
}

// parseArgon2 parses argon2id$v=19$m=memory,t=passes,p=lanes$salt$key, or argon2i.
// Django does not generate argon2d.
func parseArgon2(rest string) (func([]byte) bool, error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 5 || parts[1] != "v="+strconv.Itoa(argon2.Version) {
		return nil, errFormat
	}
	derive, known := map[string]func(password, salt []byte, time, memory uint32, threads uint8, size uint32) []byte{
		"argon2id": argon2.IDKey, "argon2i": argon2.Key,
	}[parts[0]]
	memory, passes, lanes, err := argon2Parameters(parts[2])
	if !known || err != nil {
		return nil, errFormat
	}
	salt, saltErr := base64.RawStdEncoding.Strict().DecodeString(parts[3])
	want, keyErr := base64.RawStdEncoding.Strict().DecodeString(parts[4])
	if saltErr != nil || keyErr != nil || len(salt) < minSalt || len(want) < minKey || len(want) > maxKey {
		return nil, errFormat
	}
	return func(plain []byte) bool {
		return equal(derive(plain, salt, uint32(passes), uint32(memory), uint8(lanes), uint32(len(want))), want)
	}, nil
}

func argon2Parameters(text string) (memory, passes, lanes int, err error) {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return 0, 0, 0, errFormat
	}
	values := [3]int{}
	for i, limit := range []struct {
		prefix string
		most   int
	}{{"m=", MaxArgon2Memory}, {"t=", MaxArgon2Work}, {"p=", MaxArgon2Lanes}} {
		value, found := strings.CutPrefix(parts[i], limit.prefix)
		if !found {
			return 0, 0, 0, errFormat
		}
		if values[i], err = positive(value, limit.most); err != nil {
			return 0, 0, 0, err
		}
	}
	if values[0]*values[1] > MaxArgon2Work {
		return 0, 0, 0, errFormat
	}
	return values[0], values[1], values[2], nil
}

// parseBcrypt parses a hash in bcrypt's own format. Like Django's bcrypt, it uses only
// the first 72 bytes of a password.
func parseBcrypt(rest string) (func([]byte) bool, error) {
	const length = 60
	cost, err := bcrypt.Cost([]byte(rest))
	if err != nil || cost > MaxBcryptCost || len(rest) != length || strings.TrimLeft(rest[:4], "$2aby") != "" {
		return nil, errFormat
	}
	return func(plain []byte) bool { return bcrypt.CompareHashAndPassword([]byte(rest), plain) == nil }, nil
}

// parseBcryptSHA256 parses a bcrypt hash of a password's SHA-256 in hexadecimal, which
// avoids the limit of 72 bytes.
func parseBcryptSHA256(rest string) (func([]byte) bool, error) {
	verify, err := parseBcrypt(rest)
	if err != nil {
		return nil, err
	}
	return func(plain []byte) bool {
		digest := sha256.Sum256(plain)
		return verify(hex.AppendEncode(nil, digest[:]))
	}, nil
}

// parseScrypt parses N$salt$r$p$key.
func parseScrypt(rest string) (func([]byte) bool, error) {
	parts := strings.Split(rest, "$")
	if len(parts) != 5 {
		return nil, errFormat
	}
	n, nErr := positive(parts[0], MaxScryptWork)
	r, rErr := positive(parts[2], MaxScryptWork)
	p, pErr := positive(parts[3], MaxScryptWork)
	if err := errors.Join(nErr, rErr, pErr); err != nil {
		return nil, err
	}
	// Floating point avoids overflow.
	work := float64(n) * float64(r)
	if n < 2 || n&(n-1) != 0 || 128*work > MaxScryptMemory || work*float64(p) > MaxScryptWork {
		return nil, errFormat
	}
	salt := []byte(parts[1])
	want, err := base64.StdEncoding.Strict().DecodeString(parts[4])
	if err != nil || len(want) < minKey || len(want) > maxKey {
		return nil, errFormat
	}
	return func(plain []byte) bool {
		key, err := scrypt.Key(plain, salt, n, r, p, len(want))
		return err == nil && equal(key, want)
	}, nil
}

// parseMD5 parses salt$digest.
func parseMD5(rest string) (func([]byte) bool, error) {
	salt, digest, _ := strings.Cut(rest, "$")
	want, err := hex.DecodeString(digest)
	if err != nil || len(want) != md5.Size || salt == "" {
		return nil, errFormat
	}
	return func(plain []byte) bool {
		found := md5.Sum(append([]byte(salt), plain...))
		return equal(found[:], want)
	}, nil
}

// positive parses a decimal number from 1 to most.
func positive(text string, most int) (int, error) {
	number, err := strconv.Atoi(text)
	if err != nil || number < 1 || number > most {
		return 0, errFormat
	}
	return number, nil
}

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
