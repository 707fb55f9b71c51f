package realtime

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/deadline"
)

// verdict is who may see that a record is deleted, where that had to be decided
// before the row went.
type verdict struct {
	// rules is the collection with the rules that it was decided by.
	rules *core.Collection
	// allowed are the subscriptions that ask about others, and whether they may.
	allowed map[topicOf]bool
	// undecided are clients for whose subscriptions no time was left, or that the database
	// has not answered.
	undecided map[*Client]bool
}

// asksAboutOthers reports whether it depends on other records what a subscription
// sees of a collection.
func (t topic) asksAboutOthers(collection *core.Collection, auth *core.Record) bool {
	if t.asksOthers {
		return true
	}
	rule, isKnown := t.ruleToAsk(collection)
	return !isKnown && isAboutOthers(rule, auth)
}

// ruleToAsk returns the rule of a subscription, unless it is one that needs only the record.
func (t topic) ruleToAsk(collection *core.Collection) (rule string, isKnown bool) {
	asked := t.rule(collection)
	if _, isKnown = collections.ReadersBy(collection, asked); isKnown {
		return "", true
	}
	return *asked, false
}

// judging decides who may see that a record is deleted.
type judging struct {
	verdict
	room   *Room
	record *core.Record
	// answered are the questions that were asked, often by several subscriptions.
	answered map[question]bool
}

// judge decides for the subscriptions to a record that is about to be deleted that
// ask about other records; the dispatcher can for the others. It reads outside of the
// transaction, in which related records may be gone.
func (r *Room) judge(record *core.Record) verdict {
	collection, readers, anybody := r.concern(record)
	if r.refresh != nil && slices.ContainsFunc([]string{"", record.Id}, func(id string) bool {
		rule, _ := topic{id: id}.ruleToAsk(collection)
		return strings.Contains(rule, "@request.auth.") || isAboutOthers(rule, nil)
	}) {
		r.refresh()
	}
	j := judging{verdict: verdict{rules: collection}, room: r, record: record}
	for client := range r.index.concerned(collection, readers, anybody) {
		known := client.known()
		if known == nil {
			continue
		}
		for _, by := range known.topics {
			if by.matches(record) && by.asksAboutOthers(collection, known.auth) {
				j.decide(client, known, by)
			}
		}
	}
	return j.verdict
}

func (j *judging) decide(client *Client, known *state, by topic) {
	if j.allowed == nil {
		j.allowed, j.undecided, j.answered = map[topicOf]bool{}, map[*Client]bool{}, map[question]bool{}
	}
	j.allowed[topicOf{client, known.signIn, by.name}] = sees(j.record, known.auth, by, j.rules, func(expression string, isRule bool) bool {
		answer, isAnswered := j.answer(known, by, expression, isRule)
		if !isAnswered {
			j.undecided[client] = true
		}
		return answer
	})
}

// answer evaluates a rule or a filter for a record that is still stored, unless the
// subscriber has kept those who delete records waiting for long enough.
func (j *judging) answer(known *state, by topic, expression string, isRule bool) (answer, isAnswered bool) {
	asked := questionOf(known.auth, by, expression, isRule)
	if answer, isAnswered := j.answered[asked]; isAnswered {
		return answer, true
	}
	allowance := &j.room.judging
	if !allowance.isLeft(known.payer) {
		return false, false
	}
	start, work := time.Now(), deadline.New(context.Background(), maxJudging)
	defer work.Stop()
	answer, err := holdsInTable(work.Quiet(), j.room.app, j.record, by.info(known.auth), expression, isRule)
	allowance.take(known.payer, time.Since(start))
	if err != nil {
		j.room.app.Logger().Debug("failed to check a realtime subscription", "collection", j.record.Collection().Name, "error", err)
	}
	if work.Exceeded() || isNoAnswer(err) {
		return false, false
	}
	j.answered[asked] = answer
	return answer, true
}
