package collections

import (
	"strings"

	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/pocketbase/core"
)

// WithoutSecrets returns the filter that the dashboard makes of a plain text, which is
// one comparison with it for each field, without those of secrets. Any other filter is
// returned as it is.
func WithoutSecrets(collection *core.Collection, filter string) string {
	comparisons, isPlain := plainSearch(filter)
	if !isPlain {
		return filter
	}
	var kept []string
	for _, comparison := range comparisons {
		field := collection.Fields.GetByName(comparison[0].Literal)
		if field == nil || !isSecret(collection, field) {
			kept = append(kept, tokenText(comparison[0])+tokenText(comparison[1])+tokenText(comparison[2]))
		}
	}
	if len(kept) == 0 || len(kept) == len(comparisons) {
		return filter
	}
	return strings.Join(kept, "||")
}

// plainSearch returns the comparisons of a filter in which each field is compared with
// the same text, and one of them has to be like it.
func plainSearch(filter string) (comparisons [][3]fexpr.Token, isPlain bool) {
	for scanner := fexpr.NewScanner([]byte(filter)); ; {
		var comparison [3]fexpr.Token
		for i, kind := range []fexpr.TokenType{fexpr.TokenIdentifier, fexpr.TokenSign, fexpr.TokenText} {
			token, err := scanner.Scan()
			if err != nil || token.Type != kind {
				return nil, false
			}
			comparison[i] = token
		}
		if comparison[1].Literal != string(fexpr.SignAnyLike) || len(comparisons) > 0 && comparison[2] != comparisons[0][2] {
			return nil, false
		}
		comparisons = append(comparisons, comparison)
		switch join, err := scanner.Scan(); {
		case err != nil:
			return nil, false
		case join.Type == fexpr.TokenEOF:
			return comparisons, true
		case join.Literal != string(fexpr.JoinOr):
			return nil, false
		}
	}
}
