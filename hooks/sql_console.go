package hooks

import (
	"regexp"
	"strings"

	"github.com/pocketbase/pocketbase/core"
)

// bindSQLConsole lets the dashboard's SQL console read and not write: a
// statement changes rows behind every rule, hook and subscription there is.
func bindSQLConsole(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.BindFunc(func(e *core.RequestEvent) error {
			if e.Request.URL.Path != "/api/sql" || !e.HasSuperuserAuth() {
				return e.Next()
			}
			var form struct {
				Query string `json:"query" form:"query"`
			}
			if err := e.BindBody(&form); err != nil {
				return e.BadRequestError("An error occurred while loading the submitted data.", err)
			}
			if !readOnly(form.Query) {
				return e.ForbiddenError("The SQL console reads only: a statement that writes would pass by ownership, validation and realtime. Change records in the dashboard or through the API.", nil)
			}
			return e.Next()
		})
		return e.Next()
	})
}

var (
	// sqlNoise is what can hide words: texts, quoted names and comments. What
	// is left open at the end counts as noise to the end.
	sqlNoise = regexp.MustCompile("(?s)'(?:[^']|'')*(?:'|$)|\"(?:[^\"]|\"\")*(?:\"|$)|`(?:[^`]|``)*(?:`|$)|\\[[^\\]]*(?:\\]|$)|--[^\n]*|/\\*.*?(?:\\*/|$)")
	// sqlRead is how a statement that can only read begins.
	sqlRead = regexp.MustCompile(`(?i)^(SELECT|VALUES|WITH|EXPLAIN)\b`)
	// sqlPragma are the pragmas that only describe.
	sqlPragma = regexp.MustCompile(`(?i)^PRAGMA\s+(\w+\.)?(table_info|table_xinfo|table_list|index_list|index_info|index_xinfo|foreign_key_list|integrity_check|quick_check|compile_options|user_version)\s*(\([^)]*\))?$`)
	// sqlWrite are words without which nothing writes.
	sqlWrite = regexp.MustCompile(`(?i)\b(INSERT|UPDATE|DELETE|REPLACE\s+INTO|MERGE|INTO)\b`)
)

// readOnly reports whether SQL is one statement that cannot write. When in
// doubt it says no.
func readOnly(query string) bool {
	bare := strings.TrimSpace(sqlNoise.ReplaceAllString(query, " "))
	bare = strings.TrimSpace(strings.TrimSuffix(bare, ";"))
	if strings.Contains(bare, ";") {
		return false
	}
	return sqlPragma.MatchString(bare) || (sqlRead.MatchString(bare) && !sqlWrite.MatchString(bare))
}
