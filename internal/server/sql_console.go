package server

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	validation "github.com/pocketbase/ozzo-validation/v4"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/router"

	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/endpoint"
	"carebase/internal/sqltext"
)

// guardSQL guards the two endpoints on which superusers run SQL: the dashboard's
// console and the preview of a view.
func guardSQL(e *core.RequestEvent) error {
	reached := endpoint.Of(e.Request)
	if reached != endpoint.SQL && reached != endpoint.DryRunView || !e.HasSuperuserAuth() {
		return e.Next()
	}
	var form struct {
		Query string `json:"query" form:"query"`
	}
	if err := e.BindBody(&form); err != nil {
		return unreadable(e, err)
	}
	event := audit.Event{Action: audit.Execute, Statement: withoutValues(form.Query)}
	masked, refusal, err := permitted(e, reached, form.Query)
	if err != nil {
		return err
	}
	if refusal != nil {
		event.Outcome = audit.Denied
		if err := audit.Record(e, event); err != nil {
			return err
		}
		return refusal
	}
	// Record the statement before it runs.
	if err := audit.RecordNow(e, event); err != nil {
		return err
	}
	if masked != form.Query {
		return runInstead(e, masked)
	}
	if reached == endpoint.DryRunView {
		return define(e, e.Next)
	}
	return e.Next()
}

// Messages for statements that the console rejects.
const (
	onlyReads     = "The SQL console only reads: a statement that writes would bypass ownership, validation and realtime. Change records in the dashboard or through the API."
	onlyOneQuery  = "The SQL console takes one statement: "
	keepsSecrets  = "Passwords, token keys and secrets are masked. A statement that uses them otherwise than as a column of its result, or reads raw pages or catalogs, is refused."
	invalidQuery  = "Invalid view query: "
	secretsInView = "A view cannot read passwords, token keys, secrets, raw pages or catalogs."
)

// permitted returns the statement to run instead of the query, or refusal, the
// response for a rejected query. err is set only if the database could not be read.
func permitted(e *core.RequestEvent, reached, query string) (masked string, refusal, err error) {
	if reached == endpoint.DryRunView {
		tokens, invalid := sqltext.Query(query)
		if invalid != nil {
			return "", e.BadRequestError(invalidQuery+invalid.Error()+".", validation.Errors{
				"query": validation.NewError("validation_invalid_view_query", invalid.Error()),
			}), nil
		}
		shows, err := showsSecrets(e.App, tokens)
		if shows {
			refusal = e.BadRequestError(secretsInView, nil)
		}
		return query, refusal, err
	}
	tokens, invalid := sqltext.One(query)
	switch {
	case invalid != nil:
		return "", e.ForbiddenError(onlyOneQuery+invalid.Error()+".", nil), nil
	case len(tokens) == 0, !readOnly(tokens):
		return "", e.ForbiddenError(onlyReads, nil), nil
	}
	masked, ok, err := maskSecrets(e.App, query, tokens)
	if err == nil && !ok {
		refusal = e.ForbiddenError(keepsSecrets, nil)
	}
	return masked, refusal, err
}

// showsSecrets reports whether a view's query would reveal secrets.
func showsSecrets(app core.App, tokens []sqltext.Token) (bool, error) {
	secrets, err := collections.FindSecrets(app)
	if err != nil {
		return false, err
	}
	views, err := collections.FindViews(app, nil)
	if err != nil {
		return false, err
	}
	shows, err := views.ShowsSecrets(tokens, secrets)
	return shows || secrets.AreIn(tokens), err
}

// runInstead replaces the query in the request body and runs PocketBase's handler.
func runInstead(e *core.RequestEvent, query string) error {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		return err
	}
	e.Request.Header.Set("Content-Type", "application/json")
	e.Request.ContentLength = int64(len(body))
	e.Request.Body = &router.RereadableReadCloser{ReadCloser: io.NopCloser(bytes.NewReader(body))}
	return e.Next()
}

// readOnlyPragmas are the pragmas that only read; the value says whether they take an
// argument.
var readOnlyPragmas = map[string]bool{
	"table_info": true, "table_xinfo": true, "table_list": true, "index_list": true, "index_info": true, "index_xinfo": true, "foreign_key_list": true,
	"integrity_check": false, "quick_check": false, "compile_options": false, "user_version": false,
}

// readOnly reports whether a statement certainly cannot write.
func readOnly(tokens []sqltext.Token) bool {
	if tokens[0].Is("PRAGMA") {
		return isReadOnlyPragma(tokens[1:])
	}
	if tokens[0].Is("EXPLAIN") {
		if tokens = tokens[1:]; len(tokens) > 1 && tokens[0].Is("QUERY") && tokens[1].Is("PLAN") {
			tokens = tokens[2:]
		}
	}
	if len(tokens) == 0 || !tokens[0].Is("SELECT", "VALUES", "WITH") {
		return false
	}
	for i, token := range tokens {
		if token.Is("INSERT", "UPDATE", "DELETE", "MERGE", "INTO") || token.Is("REPLACE") && (i+1 == len(tokens) || !tokens[i+1].Is("(")) {
			return false
		}
	}
	return true
}

// isReadOnlyPragma reports whether the tokens after PRAGMA form a read-only pragma.
func isReadOnlyPragma(tokens []sqltext.Token) bool {
	if len(tokens) > 2 && tokens[0].IsName() && tokens[1].Is(".") {
		tokens = tokens[2:]
	}
	if len(tokens) == 0 || tokens[0].Kind != sqltext.Word {
		return false
	}
	argument, found := readOnlyPragmas[strings.ToLower(tokens[0].Value)]
	switch len(tokens) {
	case 1:
		return found
	case 3:
		return argument && tokens[1].Is("(") && tokens[2].Is(")")
	case 4:
		return argument && tokens[1].Is("(") && tokens[2].IsName() && tokens[3].Is(")")
	}
	return false
}
