package password

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// TestVectors verifies hashes that Django and Python's hashlib made.
func TestVectors(t *testing.T) {
	content, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Encoded, Password string }
	if err := json.Unmarshal(content, &vectors); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, vector := range vectors {
		hash, err := Parse(vector.Encoded, true)
		if err != nil {
			t.Errorf("%s: %v", vector.Encoded, err)
			continue
		}
		seen[hash.Algorithm()] = true
		if !hash.Usable() || !hash.Verify(vector.Password) {
			t.Errorf("%s does not verify", vector.Encoded)
		}
		if hash.Verify(vector.Password[:len(vector.Password)-1]) {
			t.Errorf("%s verifies another password", vector.Encoded)
		}
	}
	for algorithm := range parsers {
		if !seen[algorithm] {
			t.Errorf("no vector of %s", algorithm)
		}
	}
}

func TestUnusable(t *testing.T) {
	for _, encoded := range []string{"", "!", "!yBUYlrbofvbC6Udn91bRrW2p8rw9CzVAon9J9Fp6"} {
		hash, err := Parse(encoded, true)
		if err != nil || hash.Usable() || hash.Verify("") || hash.Verify(encoded) {
			t.Errorf("%q: %v", encoded, err)
		}
	}
}

func TestRefused(t *testing.T) {
	const (
		key   = "hLypkFINtd1Gns1D54uZl25gav7xCSC24z+rTdVcf0Y="
		argon = "$Vm4wd2ZQeTFldjZ6Rjk0Q0w5RXFBWA$1ygsLL3upSiIAWsXdj8m8g"
		long  = "wh13y8vRYW0VDmnf2eI7iblPXlkgUntSuUGrrn5KvV93EgOvfm9ixzlvkiyxwPB7YIl+Xq9lmuQ2tOFR5hiUQA=="
	)
	for name, encoded := range map[string]string{
		"no algorithm":          "secret",
		"unknown algorithm":     "sha512$salt$abcd",
		"no salt":               "pbkdf2_sha256$1000$$" + key,
		"no iterations":         "pbkdf2_sha256$0$salt$" + key,
		"negative iterations":   "pbkdf2_sha256$-1$salt$" + key,
		"too many iterations":   "pbkdf2_sha256$5000001$salt$" + key,
		"overflowing":           "pbkdf2_sha256$99999999999999999999$salt$" + key,
		"a short key":           "pbkdf2_sha256$1000$salt$aGFsZg==",
		"another digest's key":  "pbkdf2_sha1$1000$salt$" + key,
		"not base64":            "pbkdf2_sha256$1000$salt$" + strings.Repeat("*", 44),
		"argon2d":               "argon2$argon2d$v=19$m=102400,t=2,p=8" + argon,
		"an old argon2":         "argon2$argon2i$m=512,t=2,p=2" + argon,
		"argon2's memory":       "argon2$argon2id$v=19$m=262145,t=2,p=8" + argon,
		"argon2's passes":       "argon2$argon2id$v=19$m=102400,t=11,p=8" + argon,
		"argon2 without passes": "argon2$argon2id$v=19$m=102400,t=0,p=8" + argon,
		"argon2's lanes":        "argon2$argon2id$v=19$m=102400,t=2,p=65" + argon,
		"argon2's order":        "argon2$argon2id$v=19$t=2,m=102400,p=8" + argon,
		"bcrypt's cost":         "bcrypt$$2b$15$dnNjiWRlt0zJ1ppW3eUe3.jVhmbrLwnrLH6.MN3S.05Djazo951i6",
		"a short bcrypt":        "bcrypt$$2b$12$dnNjiWRlt0zJ1ppW3eUe3.",
		"scrypt's N":            "scrypt$16383$salt$8$5$" + long,
		"scrypt's memory":       "scrypt$2097152$salt$2$1$" + long,
		"scrypt's work":         "scrypt$16384$salt$8$33$" + long,
		"a long text":           "pbkdf2_sha256$1000$" + strings.Repeat("s", 500) + "$" + key,
	} {
		if hash, err := Parse(encoded, true); !errors.Is(err, ErrUnknown) || hash.Usable() {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestWeakHashesAreForThoseWhoAskForThem(t *testing.T) {
	const encoded = "md5$salt$5ebe2294ecd0e0f08eab7690d2a6ee69"
	if hash, err := Parse(encoded, false); !errors.Is(err, ErrWeak) || hash.Usable() {
		t.Errorf("got %v", err)
	}
	if _, err := Parse(encoded, true); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"!", "md5$a$5ebe2294ecd0e0f08eab7690d2a6ee69", "pbkdf2_sha256$1$a$hLypkFINtd1Gns1D54uZl25gav7xCSC24z+rTdVcf0Y=",
		"argon2$argon2id$v=19$m=8,t=1,p=1$Vm4wd2ZQeTFldjZ6Rjk0Q0w5RXFBWA$1ygsLL3upSiIAWsXdj8m8g",
		"bcrypt$$2b$04$dnNjiWRlt0zJ1ppW3eUe3.jVhmbrLwnrLH6.MN3S.05Djazo951i6", "scrypt$2$a$1$1$" + "AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, encoded string) {
		hash, err := Parse(encoded, true)
		if err != nil && hash.Usable() {
			t.Error("an error and a hash")
		}
		// What was accepted must verify without a panic; most of it is too slow here.
		if err == nil && len(encoded) < 200 && cheap(encoded) {
			hash.Verify("secret")
		}
	})
}

// cheap recognizes parameters of one or two digits.
func cheap(encoded string) bool {
	digits := 0
	for _, r := range encoded[:min(len(encoded), 45)] {
		if r < '0' || r > '9' {
			digits = 0
		} else if digits++; digits > 2 {
			return false
		}
	}
	return true
}
