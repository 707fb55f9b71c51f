package collections

import (
	"github.com/ganigeorgiev/fexpr"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/store"
)

// Readers are whom a rule admits besides superusers, if that needs no more than the record
// and who asks.
type Readers struct {
	// Field has the id of the only account that is admitted; empty if there is no such
	// field. Guests are admitted where it has none.
	Field string
	// SignedIn admits nobody who is not signed in.
	SignedIn bool
	// Accounts is the name of the collection whose accounts are admitted; empty for any.
	Accounts string
}

// Admit reports whether an account, or a guest if it is nil, may see a record.
func (r Readers) Admit(account, record *core.Record) bool {
	id := ""
	if account != nil {
		id = account.Id
	}
	switch {
	case account == nil && r.SignedIn, r.Accounts != "" && account.Collection().Name != r.Accounts:
		return false
	case r.Field == "":
		return r.SignedIn
	}
	return record.GetString(r.Field) == id
}

// ReadersBy returns whom a rule of a collection admits. It is known if the rule is nil, or
// compares nothing but the account of who asks with a field.
func ReadersBy(collection *core.Collection, rule *string) (readers Readers, known bool) {
	if rule == nil {
		return Readers{}, true
	}
	readers = readRule(*rule)
	if readers.Field == "" {
		return readers, readers.SignedIn
	}
	return readers, hasOneValue(collection.Fields.GetByName(readers.Field))
}

// hasOneValue reports whether a field has an id or a text.
func hasOneValue(field core.Field) bool {
	switch field := field.(type) {
	case *core.TextField:
		return true
	case *core.RelationField:
		return !field.IsMultiple()
	}
	return false
}

// maxReadRules bounds the rules that are kept as they were read.
const maxReadRules = 1000

// readRules has what was read of rules by their texts.
var readRules = store.New[string, Readers](nil)

// readRule returns whom a rule admits; the zero value if it asks for more.
func readRule(rule string) Readers {
	readers, known := readRules.GetOk(rule)
	if known {
		return readers
	}
	groups, err := fexpr.Parse(rule)
	if err != nil || len(groups) == 0 || !readers.require(groups) {
		readers = Readers{}
	}
	readRules.SetIfLessThanLimit(rule, readers, maxReadRules)
	return readers
}

// require adds conditions that must all hold. It reports false if they ask for more.
func (r *Readers) require(groups []fexpr.ExprGroup) bool {
	for _, group := range groups {
		if group.Join != fexpr.JoinAnd {
			return false
		}
		isKnown := false
		switch item := group.Item.(type) {
		case []fexpr.ExprGroup:
			isKnown = r.require(item)
		case fexpr.Expr:
			isKnown = r.requireOne(item)
		}
		if !isKnown {
			return false
		}
	}
	return true
}

func (r *Readers) requireOne(condition fexpr.Expr) bool {
	left, right, isEqual := condition.Left, condition.Right, condition.Op == fexpr.SignEq
	if left.Literal == accountID && isEqual {
		left, right = right, left
	}
	switch {
	case left.Type != fexpr.TokenIdentifier:
	case left.Literal == accountID && condition.Op == fexpr.SignNeq && right.Type == fexpr.TokenText && right.Literal == "":
		r.SignedIn = true
		return true
	case left.Literal == accountCollection && isEqual && right.Type == fexpr.TokenText && right.Literal != "" && r.Accounts == "":
		r.SignedIn, r.Accounts = true, right.Literal
		return true
	case right.Type == fexpr.TokenIdentifier && right.Literal == accountID && isEqual && r.Field == "":
		r.Field = left.Literal
		return true
	}
	return false
}
