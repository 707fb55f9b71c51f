package server

import (
	"regexp"
	"strings"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/endpoint"
)

// guardSQLConsole lets the dashboard's SQL console read and not write: a
// statement changes rows behind every rule, hook and subscription there is.
func guardSQLConsole(e *core.RequestEvent) error {
	if endpoint.Of(e.Request) != endpoint.SQL || !e.HasSuperuserAuth() {
		return e.Next()
	}
	var form struct {
		Query string `json:"query" form:"query"`
	}
	if err := e.BindBody(&form); err != nil {
		return e.BadRequestError("An error occurred while loading the submitted data.", err)
	}
	event := audit.Event{Action: audit.Execute, Detail: withoutValues(form.Query)}
	if !readOnly(form.Query) {
		event.Outcome = audit.Denied
		if err := audit.Record(e, event); err != nil {
			return err
		}
		return e.ForbiddenError("The SQL console only reads: a statement that writes would bypass ownership, validation and realtime. Change records in the dashboard or through the API.", nil)
	}
	// The statement is recorded before it runs.
	if err := audit.RecordNow(e, event); err != nil {
		return err
	}
	return e.Next()
}

var (
	// sqlRead is how a statement that can only read begins.
	sqlRead = regexp.MustCompile(`(?i)^(SELECT|VALUES|WITH|EXPLAIN)\b`)
	// sqlPragma are the pragmas that only describe.
	sqlPragma = regexp.MustCompile(`(?i)^PRAGMA\s+(\w+\.)?((table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list)\s*(\(\s*\w*\s*\))?|(integrity_check|quick_check|compile_options|user_version))$`)
	// sqlWrite are words without which nothing writes.
	sqlWrite = regexp.MustCompile(`(?i)\b(INSERT|UPDATE|DELETE|REPLACE\s+INTO|MERGE|INTO)\b`)
	// rewritten is what PocketBase's query builder replaces after this look.
	rewritten = regexp.MustCompile(`\[\[|\]\]|\{\{|\}\}|\{:`)
)

// readOnly reports whether SQL is one statement that cannot write. When in
// doubt it says no.
func readOnly(query string) bool {
	bare, certain := bareSQL(query)
	if !certain || rewritten.MatchString(query) {
		return false
	}
	bare = strings.TrimSpace(bare)
	bare = strings.TrimSpace(strings.TrimSuffix(bare, ";"))
	if strings.Contains(bare, ";") {
		return false
	}
	return sqlPragma.MatchString(bare) || (sqlRead.MatchString(bare) && !sqlWrite.MatchString(bare))
}
