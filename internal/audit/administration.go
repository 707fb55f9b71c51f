package audit

import (
	"reflect"
	"slices"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/endpoint"
)

// administration maps superusers' endpoints that have no hook to their events.
var administration = map[string]Event{
	"GET /api/backups":                {Action: Read, Detail: "list of backups"},
	"POST /api/backups":               {Action: Create, Detail: "backup"},
	"POST /api/backups/upload":        {Action: Create, Detail: "upload of a backup"},
	"GET /api/backups/{key}":          {Action: Execute, Detail: "download of backup"},
	"DELETE /api/backups/{key}":       {Action: Delete, Detail: "backup"},
	"POST /api/backups/{key}/restore": {Action: Execute, Detail: "restore of backup"},
	"GET /api/logs":                   {Action: Read, Detail: "logs"},
	"GET /api/logs/{id}":              {Action: Read, Detail: "logs"},
	"GET /api/settings":               {Action: Read, Detail: "settings"},
	"POST /api/crons/{id}":            {Action: Execute, Detail: "job"},
}

// bindAdministration records changes of settings, file tokens and downloads.
func (t *Trail) bindAdministration() {
	t.app.OnSettingsUpdateRequest().BindFunc(func(e *core.SettingsUpdateRequestEvent) error {
		changed := changedSettings(e.OldSettings, e.NewSettings)
		return InTransaction(&e.App, func() error {
			if err := RecordIn(e.App, Event{Action: Update, Detail: "settings", Fields: changed}); err != nil {
				return err
			}
			return e.Next()
		})
	})
	t.app.OnFileTokenRequest().BindFunc(func(e *core.FileTokenRequestEvent) error {
		event := Event{Action: Execute, Detail: "file token " + TokenID(e.Token)}
		if err := Record(e.RequestEvent, event); err != nil {
			return err
		}
		return e.Next()
	})
	t.app.OnFileDownloadRequest().BindFunc(func(e *core.FileDownloadRequestEvent) error {
		id, patients, err := seen(e.Request.Context(), e.App, e.Record)
		if err != nil {
			return err
		}
		event := Event{
			Action: Read, Collection: e.Collection.Name, Records: []string{id}, Patients: patients,
			Detail: "file of " + e.FileField.Name, Agent: fileAgent(e.RequestEvent),
		}
		if err := Record(e.RequestEvent, event); err != nil {
			return err
		}
		return e.Next()
	})
}

// Administration is the middleware that records requests to superusers' endpoints
// without a hook before they are handled. It runs after authentication.
func Administration(e *core.RequestEvent) error {
	event, found := administration[endpoint.Of(e.Request)]
	if !found {
		return e.Next()
	}
	if key := e.Request.PathValue("key") + e.Request.PathValue("id"); key != "" {
		event.Detail += " " + key
	}
	event.Agent = fileAgent(e)
	if !e.HasSuperuserAuth() && event.Agent.Type != Superuser {
		event.Outcome = Denied
		if err := Record(e, event); err != nil {
			return err
		}
		return e.Next()
	}
	if err := RecordNow(e, event); err != nil {
		return err
	}
	failure := e.Next()
	if failure != nil {
		event.Outcome = Failed
		if err := Record(e, event); err != nil {
			return err
		}
	}
	return failure
}

// fileAgent returns the agent of the file token in a request's query, if any.
func fileAgent(e *core.RequestEvent) Agent {
	token := e.Request.URL.Query().Get("token")
	if token == "" {
		return Agent{}
	}
	record, err := e.App.FindAuthRecordByToken(token, core.TokenTypeFile)
	if err != nil {
		return Agent{}
	}
	agent := AgentOf(record)
	agent.Token, agent.Impersonator = TokenID(token), impersonator(token)
	return agent
}

// changedSettings returns the names of the groups of settings that differ.
func changedSettings(before, after *core.Settings) []string {
	var names []string
	for name, group := range map[string][2]any{
		"backups": {before.Backups, after.Backups}, "batch": {before.Batch, after.Batch}, "logs": {before.Logs, after.Logs},
		"meta": {before.Meta, after.Meta}, "rateLimits": {before.RateLimits, after.RateLimits}, "s3": {before.S3, after.S3},
		"smtp": {before.SMTP, after.SMTP}, "superuserIPs": {before.SuperuserIPs, after.SuperuserIPs},
		"trustedProxy": {before.TrustedProxy, after.TrustedProxy},
	} {
		if !reflect.DeepEqual(group[0], group[1]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
