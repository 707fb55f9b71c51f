package rest

import (
	"slices"
	"strings"
	"testing"
)

const (
	tooShort  = "This password is too short. It must contain at least 8 characters."
	tooLong   = "This password is too long. It must contain at most 71 bytes."
	tooCommon = "This password is too common."
	numeric   = "This password is entirely numeric."
)

func TestValidatePassword(t *testing.T) {
	email := UserAttribute{"email", "wilhelmina.smith@example.com"}
	similarToEmail := "The password is too similar to the email."
	for password, want := range map[string][]string{
		"Tr0ub4dor&3":              nil,
		"Zq9!x":                    {tooShort},
		"Zq9!xéé":                  {tooShort},
		"Zq9!xééé":                 nil,
		"PassWord123":              {tooCommon},
		" password123\u00a0":       {tooCommon},
		"83920174650":              {numeric},
		"٣٤٥٣٤٥٣٤٥":                {numeric},
		"²²²²²²²²²":                {numeric},
		"½½½½½½½½½":                nil,
		"zxcvbnm,./":               nil, // common before Django 5
		"12345":                    {tooShort, tooCommon, numeric},
		strings.Repeat("aB3$", 18): {tooLong},
		strings.Repeat("aB3$", 17): nil,
		"wilhelmina":               {similarToEmail},
		"Wilhelmina1":              {similarToEmail},
		"anim1lehliw":              {similarToEmail},
		"smiths":                   {similarToEmail, tooShort},
		"xxsmithxxxxxx":            nil,
		"wilhelmina.smith@example": {similarToEmail},
	} {
		if got := ValidatePassword(password, email); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", password, got, want)
		}
	}
	if got := ValidatePassword("wilhelmina", UserAttribute{"name", "Wilhelmina Smith"}, email); !slices.Equal(got, []string{"The password is too similar to the name."}) {
		t.Errorf("two attributes: got %q", got)
	}
	if got := ValidatePassword("wilhelmina", UserAttribute{"name", ""}); got != nil {
		t.Errorf("no attributes: got %q", got)
	}
}

// The cost of long attributes and passwords is linear.
func TestValidatePasswordOfOneMegabyte(t *testing.T) {
	long := strings.Repeat("word ", 200_000)
	if got := ValidatePassword(long, UserAttribute{"name", long}); !slices.Contains(got, tooLong) {
		t.Errorf("got %q", got)
	}
	if got := ValidatePassword("Tr0ub4dor&3", UserAttribute{"name", long}); got != nil {
		t.Errorf("got %q", got)
	}
}
