package postgres

import (
	"fmt"
	"testing"
)

func TestTranslationsAreBounded(t *testing.T) {
	cache := newTranslations()
	const frequent = "SELECT 'frequent'"
	first, err := cache.get(frequent)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 * maxTranslations {
		if _, err := cache.get(fmt.Sprintf("SELECT %d", i)); err != nil {
			t.Fatal(err)
		}
		again, err := cache.get(frequent)
		if err != nil {
			t.Fatal(err)
		}
		if &again[0] != &first[0] {
			t.Fatalf("a frequent statement was translated again after %d others", i)
		}
	}
	if size := len(cache.new) + len(cache.old); size > 2*maxTranslations {
		t.Errorf("%d texts are kept", size)
	}
}

func TestUniqueColumnsOfExpressions(t *testing.T) {
	for detail, want := range map[string]string{
		`Key (id)=(x) already exists.`:                                           `id`,
		`Key ("firstName", age)=(a, 1) already exists.`:                          `"firstName", age`,
		`Key (lower(sqlite.to_text(email) COLLATE "C"))=(a) already exists.`:     `email`,
		`Key (lower((to_text("eMail"::text) COLLATE "C")), id)=(a, b) is there.`: `"eMail", id`,
		`Schlüssel »(id)=(x)« existiert bereits.`:                                `id`,
	} {
		match := keyColumns.FindStringSubmatch(detail)
		if match == nil {
			t.Errorf("%s: no columns", detail)
			continue
		}
		if got := caselessColumn.ReplaceAllString(match[1], "$1"); got != want {
			t.Errorf("%s: got %s, want %s", detail, got, want)
		}
	}
}
