// Package translate turns SQL as SQLite understands it into SQL that means the
// same to PostgreSQL. It parses what SQLite's grammar allows and refuses the
// rest with an error: nothing is passed through that it does not know.
//
// What differs in expressions is looked up in tables, one entry a rule:
// operators.go, functions.go and types.go. The other files follow SQLite's
// grammar, a statement or clause each.
package translate

// Kind says how a statement is to be run.
type Kind int

const (
	// Query returns rows.
	Query Kind = iota
	// Change inserts, updates or deletes rows.
	Change
	// Definition creates, alters or drops a table, view or index.
	Definition
	// Nothing has no counterpart in PostgreSQL and needs none, such as VACUUM.
	Nothing
)

// Statement is one translated statement.
type Statement struct {
	// Source is the original text, of which this is the statement with the index.
	Source string
	Index  int
	// SQL is the statement in PostgreSQL's dialect.
	SQL string
	// LockingSQL is SQL with a row lock, if the statement reads one row by its
	// id; otherwise it is empty.
	LockingSQL string
	// Parameters says for $1, $2 and so on which argument they take.
	Parameters []Parameter
	// Kind says how the statement is to be run.
	Kind Kind
	// After are statements that complete a definition.
	After []string
	// Table is the table or view that a change or definition is about.
	Table string
	// Drops is set if the definition drops Table, which views may depend on.
	Drops bool
	// LongNames are the names that are too long for PostgreSQL, by those that it
	// knows instead.
	LongNames map[string]string
	// ShowsRowID is set if the query asks for the hidden row id by name.
	ShowsRowID bool
}

// Parameter is one parameter of a translated statement.
type Parameter struct {
	// Argument is the index of the argument, from 0.
	Argument int
	// Assigned is set if the value goes straight into a column, which then gives
	// it its type. Otherwise the type is that of the argument.
	Assigned bool
}

// Error is SQL that cannot be translated.
type Error struct {
	// Source is the whole original text.
	Source string
	// Problem says what is wrong, in SQLite's words where it has some.
	Problem string
}

func (e *Error) Error() string {
	return "SQL logic error: " + e.Problem
}

// maxDepth is how deeply expressions and queries nest, as in SQLite.
const maxDepth = 1000

// maxParameters is how many parameters PostgreSQL's protocol can carry.
const maxParameters = 65535

// translator walks over the tokens of one text. The first problem ends the walk:
// every method then sees the end of the tokens.
type translator struct {
	source     string
	fold       func(name string) string
	tokens     []token
	position   int
	problem    string
	depth      int
	subqueries int // around the current token
	unnamed    int // queries that had to be given a name
	// recursive is set within WITH RECURSIVE, whose parts must have one type.
	recursive  bool
	parameters int // of the whole text so far
	statement  *Statement
	// aliases are what the select list calls its expressions, where a clause may
	// use these names.
	aliases map[string]string
}

// Translate returns the statements of a text, translated. Names keep their case,
// which counts in PostgreSQL.
func Translate(source string) ([]*Statement, error) {
	return TranslateFolding(source, func(name string) string { return name })
}

// TranslateFolding is Translate with names as fold gives them: SQL that is
// written by hand may name things in another case.
func TranslateFolding(source string, fold func(name string) string) ([]*Statement, error) {
	tokens, problem := tokenize(source)
	if problem != "" {
		return nil, &Error{Source: source, Problem: problem}
	}
	t := &translator{source: source, tokens: tokens, fold: fold}
	var statements []*Statement
	for {
		for t.accept(";") {
		}
		if t.peek().kind == end {
			break
		}
		t.statement = &Statement{Source: source, Index: len(statements)}
		t.anyStatement()
		if t.problem == "" && t.peek().kind != end && !t.at(";") {
			t.unexpected()
		}
		if t.problem != "" {
			break
		}
		statements = append(statements, t.statement)
	}
	if t.problem != "" {
		return nil, &Error{Source: source, Problem: t.problem}
	}
	return statements, nil
}

// statementRules are the statements that are known, by their first word.
var statementRules map[string]func(*translator)

func init() {
	statementRules = map[string]func(*translator){
		"SELECT": (*translator).query, "VALUES": (*translator).query, "WITH": (*translator).withStatement,
		"INSERT": (*translator).insert, "UPDATE": (*translator).update, "DELETE": (*translator).remove,
		"CREATE": (*translator).create, "ALTER": (*translator).alter, "DROP": (*translator).drop,
		"PRAGMA": (*translator).pragma, "EXPLAIN": (*translator).explain,
		"VACUUM": (*translator).nothing, "ANALYZE": (*translator).nothing, "REINDEX": (*translator).nothing,
	}
}

func (t *translator) anyStatement() {
	if t.at("(") {
		t.query()
		return
	}
	rule := statementRules[t.keyword()]
	if rule == nil {
		t.unexpected()
		return
	}
	rule(t)
}

func (t *translator) query() {
	t.statement.Kind = Query
	t.statement.SQL = t.selectStatement()
	if t.statement.LockingSQL != "" {
		t.statement.LockingSQL = t.statement.SQL + " FOR NO KEY UPDATE"
	}
}

// withStatement is a query or a change after WITH.
func (t *translator) withStatement() {
	with := t.with()
	t.anyStatement()
	t.statement.SQL = with + t.statement.SQL
	t.statement.LockingSQL = ""
}

// nothing skips a statement that tunes SQLite's file.
func (t *translator) nothing() {
	t.statement.Kind = Nothing
	for t.peek().kind != end && !t.at(";") {
		t.next()
	}
}

// pragma answers table_info; all others tune SQLite's file.
func (t *translator) pragma() {
	t.next()
	if !t.atWord("TABLE_INFO") {
		t.nothing()
		return
	}
	t.next()
	t.expect("(")
	name := quoteLiteral(t.next().value)
	t.expect(")")
	t.statement.Kind = Query
	t.statement.SQL = "SELECT * FROM sqlite.pragma_table_info(" + name + ")"
}

func (t *translator) explain() {
	t.next()
	if t.acceptWord("QUERY") {
		t.expectWord("PLAN")
	}
	if !t.atWord("SELECT", "VALUES", "WITH", "INSERT", "UPDATE", "DELETE") {
		t.unexpected()
		return
	}
	t.anyStatement()
	t.statement.Kind = Query
	t.statement.SQL, t.statement.LockingSQL = "EXPLAIN "+t.statement.SQL, ""
}
