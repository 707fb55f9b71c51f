package hooks

import (
	"database/sql"
	"errors"
	"strings"
	"unicode"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/hook"

	"carebase/internal/collections"
	"carebase/internal/rest"
)

// bindOAuth2 lets everybody in whom a provider knows: accounts without a name get their
// address as one, a long name is cut, and an address is compared in its one spelling.
func bindOAuth2(app core.App) {
	// Before what asks who the user is.
	app.OnRecordAuthWithOAuth2Request(collections.Users).Bind(&hook.Handler[*core.RecordAuthWithOAuth2RequestEvent]{Priority: beforePocketBase, Func: func(e *core.RecordAuthWithOAuth2RequestEvent) error {
		e.OAuth2User.Email = rest.NormalizeEmail(e.OAuth2User.Email)
		if e.IsNewRecord && e.OAuth2User.Email != "" {
			known, err := e.App.FindAuthRecordByEmail(e.Collection, e.OAuth2User.Email)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			e.Record, e.IsNewRecord = known, known == nil
		}
		if e.IsNewRecord {
			nameNewUser(e)
		}
		return e.Next()
	}})
}

// nameNewUser gives a new account the name of the provider's, unless the client sends one.
func nameNewUser(e *core.RecordAuthWithOAuth2RequestEvent) {
	const name = "name"
	field, ok := e.Collection.Fields.GetByName(name).(*core.TextField)
	if sent, _ := e.CreateData[name].(string); !ok || strings.TrimSpace(sent) != "" {
		return
	}
	if e.CreateData == nil {
		e.CreateData = map[string]any{}
	}
	for _, candidate := range []string{e.OAuth2User.Name, e.OAuth2User.Username, e.OAuth2User.Email} {
		if found := shortened(candidate, field.Max); found != "" {
			e.CreateData[name] = found
			return
		}
	}
}

// shortened returns a text without control characters and cut to a number of characters.
func shortened(text string, most int) string {
	kept := []rune(strings.TrimSpace(strings.Map(func(letter rune) rune {
		if unicode.IsControl(letter) {
			return ' '
		}
		return letter
	}, strings.ToValidUTF8(text, ""))))
	if most > 0 && len(kept) > most {
		kept = kept[:most]
	}
	return strings.TrimSpace(string(kept))
}
