package audit

import (
	"context"
	"encoding/json"

	"github.com/pocketbase/pocketbase/core"
)

// cause is a source as text, for work that outlives its request and its process.
type cause struct {
	Agent     string    `json:"agent"`
	AgentType AgentType `json:"agent_type"`
	Token     string    `json:"token"`
	// Impersonator is the superuser who acted as the agent.
	Impersonator string `json:"impersonator"`
	Address      string `json:"address"`
	RequestID    string `json:"request_id"`
	Door         Door   `json:"door"`
}

// Origin returns who causes what a hook does, given the hook's context and app, as
// text that RecordFor takes: the caller of the request, or the operator.
func Origin(ctx context.Context, app core.App) (string, error) {
	from := process()
	if trail := Of(app); trail != nil {
		if caller := trail.requestOf(ctx, app); caller != nil {
			from = caller.source()
		}
	}
	text, err := json.Marshal(cause{
		Agent: from.agent.ID, AgentType: from.agent.Type, Token: TokenID(from.rawToken), Impersonator: from.agent.Impersonator,
		Address: from.address, RequestID: from.requestID, Door: from.door,
	})
	return string(text), err
}

// RecordFor records an event in the app's transaction, as caused by what Origin has
// returned. By-products of requests, such as sessions, are not recorded.
func RecordFor(tx core.App, origin string, event Event) error {
	trail := Of(tx)
	if trail == nil || isUnrecorded(event.Collection) || !trail.ready(tx) {
		return nil
	}
	from, err := readOrigin(origin)
	if err != nil {
		return err
	}
	return trail.store(tx, []*occurrence{newOccurrence(event, from)})
}

// Continue has what is changed in the app's transaction recorded as caused by what Origin has
// returned.
func Continue(tx core.App, origin string) error {
	trail := Of(tx)
	if trail == nil {
		return nil
	}
	from, err := readOrigin(origin)
	if err != nil {
		return err
	}
	trail.transactionOf(tx).origin = &from
	return nil
}

func readOrigin(origin string) (source, error) {
	var from cause
	err := json.Unmarshal([]byte(origin), &from)
	return source{
		agent:   Agent{ID: from.Agent, Type: from.AgentType, Token: from.Token, Impersonator: from.Impersonator},
		address: from.Address, requestID: from.RequestID, door: from.Door,
	}, err
}
