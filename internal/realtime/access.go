package realtime

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/search"

	"carebase/internal/collections"
	"carebase/internal/dberror"
	"carebase/internal/deadline"
)

// access decides who may see a changed record, once for all who are alike.
type access struct {
	app    core.App
	change *change
	// latest knows whether there are later changes of the record.
	latest *latest
	// last is that of the record as it is stored now, if a client has missed the change.
	last *access
	// rules is the collection with the rules that count, and record the change's in it.
	rules  *core.Collection
	record *core.Record
	// decided are the decisions that needed the database, and gone whether the record is.
	mutex   sync.Mutex
	decided map[question]bool
	gone    *bool
}

// question is what one decision depends on.
type question struct {
	reader, options string
	isRule          bool
	expression      string
}

// rule returns the rule for a subscription: PocketBase lists for a collection and
// views for a record.
func (t topic) rule(collection *core.Collection) *string {
	if t.id == "" {
		return collection.ListRule
	}
	return collection.ViewRule
}

func isSameRule(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// info returns what a rule or a filter can ask about a subscription.
func (t topic) info(auth *core.Record) *core.RequestInfo {
	return &core.RequestInfo{
		Context: core.RequestInfoContextRealtime, Method: "GET", Query: t.options.Query, Headers: t.options.Headers, Auth: auth,
	}
}

// allows reports whether a client sees the record by one of its subscriptions. It is not
// decided for one made after it was judged who sees a deletion, where that is too late,
// and while the database does not answer.
func (a *access) allows(ctx context.Context, client *Client, known *state, by topic) (allowed, isDecided bool) {
	if allowed, isDecided := a.change.allowed[topicOf{client, known.signIn, by.name}]; isDecided && isSameRule(by.rule(a.change.rules), by.rule(a.rules)) {
		return allowed, true
	}
	if a.change.action == "delete" && by.asksAboutOthers(a.rules, known.auth) {
		return false, false
	}
	if a.last != nil {
		if allowed, isDecided = a.last.isSeen(ctx, known, by); !allowed || !isDecided {
			return allowed, isDecided
		}
	}
	return a.isSeen(ctx, known, by)
}

// isSeen reports whether a client sees the record as it is in this change.
func (a *access) isSeen(ctx context.Context, known *state, by topic) (isSeen, isDecided bool) {
	isDecided = true
	isSeen = sees(a.record, known.auth, by, a.rules, func(expression string, isRule bool) bool {
		answer, isAnswered := a.answer(ctx, known.auth, by, expression, isRule)
		isDecided = isDecided && isAnswered
		return answer
	})
	return isSeen, isDecided
}

// shown returns the access to what a client is sent: the record as it is stored now, if
// the client has missed the change and it was no deletion.
func (a *access) shown() *access {
	if a.last != nil && a.change.action != "delete" {
		return a.last
	}
	return a
}

// sees decides by the rule and the filter of a subscription.
func sees(record, auth *core.Record, by topic, rules *core.Collection, ask func(expression string, isRule bool) bool) bool {
	if !admits(record, auth, by.rule(rules), func(rule string) bool { return ask(rule, true) }) {
		return false
	}
	filter := by.options.Query[search.FilterQueryParam]
	return filter == "" || mayFilter(auth, by) && ask(filter, false)
}

// admits decides by the rule, and asks only where the rule needs more than the
// record.
func admits(record, auth *core.Record, rule *string, ask func(rule string) bool) bool {
	if auth != nil && auth.IsSuperuser() {
		return true
	}
	readers, known := collections.ReadersBy(record.Collection(), rule)
	if !known {
		return *rule == "" || ask(*rule)
	}
	return readers.Admit(auth, record)
}

// mayFilter rejects filters that PocketBase has for superusers only.
func mayFilter(auth *core.Record, by topic) bool {
	if auth != nil && auth.IsSuperuser() {
		return true
	}
	for _, parameter := range []string{search.FilterQueryParam, search.SortQueryParam} {
		if value := by.options.Query[parameter]; strings.Contains(value, "@collection.") || strings.Contains(value, "@request.") {
			return false
		}
	}
	return true
}

// questionOf returns what a subscription asks with a rule or its filter.
func questionOf(auth *core.Record, by topic, expression string, isRule bool) question {
	asked := question{reader: readerOf(auth), isRule: isRule, expression: expression}
	if strings.Contains(expression, "@request.") {
		asked.options = by.name // which it may ask for
	}
	return asked
}

// answer evaluates a rule or a filter for the record as it was written. There is none,
// for this client or others, if the context has ended or the database does not answer.
func (a *access) answer(ctx context.Context, auth *core.Record, by topic, expression string, isRule bool) (answer, isAnswered bool) {
	if deadline.Err(ctx) != nil {
		return false, false
	}
	asked := questionOf(auth, by, expression, isRule)
	a.mutex.Lock()
	answer, isAnswered = a.decided[asked]
	a.mutex.Unlock()
	if isAnswered {
		return answer, true
	}
	answer, err := a.evaluate(ctx, by.info(auth), expression, isRule)
	if err != nil {
		a.app.Logger().Debug("failed to check a realtime subscription", "collection", a.rules.Name, "error", err)
	}
	if deadline.Err(ctx) != nil || isNoAnswer(err) {
		return false, false
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.decided[asked] = answer
	return answer, true
}

// isNoAnswer reports whether an error says nothing of what was asked, as the database's and
// the disk's.
func isNoAnswer(err error) bool {
	return errors.Is(err, errNewer) || dberror.Refusal(err) != nil || dberror.IsUnwritable(err)
}

// within has a query run in a context.
func within(ctx context.Context) func(query *dbx.SelectQuery) error {
	return func(query *dbx.SelectQuery) error {
		query.WithContext(ctx)
		return nil
	}
}

func readerOf(auth *core.Record) string {
	if auth == nil {
		return ""
	}
	return auth.Collection().Id + "/" + auth.Id
}

// requestPattern matches what an expression asks about the subscriber.
var requestPattern = regexp.MustCompile(`@request\.[\w.:]+`)

// isAboutOthers reports whether an expression may depend on other records, such as
// those that a record is deleted together with, or on a relation of the subscriber's, which
// is emptied then.
func isAboutOthers(expression string, auth *core.Record) bool {
	others := requestPattern.ReplaceAllStringFunc(expression, func(asked string) string {
		path, isAuth := strings.CutPrefix(asked, "@request.auth.")
		name, _, isPath := strings.Cut(path, ".")
		if isAuth && auth != nil && (isPath || strings.Contains(name, "_via_") || isRelation(auth, name)) {
			return asked
		}
		return ""
	})
	return strings.ContainsAny(others, ".@")
}

// isRelation reports whether a name, perhaps with a modifier, is that of a relation.
func isRelation(record *core.Record, name string) bool {
	name, _, _ = strings.Cut(name, ":")
	_, is := record.Collection().Fields.GetByName(name).(*core.RelationField)
	return is
}
