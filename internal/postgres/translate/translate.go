// Package translate translates SQL from SQLite's dialect to PostgreSQL. It
// parses SQLite's grammar and refuses what it does not support with an error;
// it passes nothing through unparsed.
//
// The differences in expressions are tables with one entry per rule:
// operators.go, postfix.go, functions.go and types.go. The other files follow
// SQLite's grammar, one per statement or clause.
package translate

import (
	"slices"
	"strings"
)

// Kind tells how to run a statement.
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
	// Source is the original text, which may hold several statements, and Index
	// is the position of this one.
	Source string
	Index  int
	// SQL is the statement in PostgreSQL's dialect.
	SQL string
	// LockingSQL is SQL with a row lock, if the statement reads one row by its
	// id; otherwise empty.
	LockingSQL string
	// Ties is SQL with an order of rows that ORDER BY leaves equal, if the statement
	// is a list of a table or view; otherwise nil.
	Ties *Ties
	// Parameters are those of $1, $2 and so on.
	Parameters []Parameter
	// Kind tells how to run the statement.
	Kind Kind
	// After are statements that complete a definition.
	After []string
	// Table is the table or view that is changed or defined.
	Table string
	// From is the first table or view that a query reads: the one that LockingSQL locks
	// and whose columns Ties sorts by. It is empty for other statements.
	From string
	// Drops is set if the definition drops Table, on which views may depend.
	Drops bool
	// Alteration is what the definition renames or drops in Table; nil for others.
	Alteration *Alteration
	// LongNames maps shortened names to the original ones.
	LongNames map[string]string
	// QuotedNames are the names in double quotes that may be columns or, if there
	// is no such column, texts: those in expressions that the statement itself does
	// not define.
	QuotedNames []string
	// HasChoices is set if the statement chooses between values whose types may
	// differ, and that are not dynamic: a CASE, or max and min of several values.
	HasChoices bool
	// ShowsRowID is set if the query selects the hidden row id by name.
	ShowsRowID bool
}

// Parameter is one parameter of a translated statement.
type Parameter struct {
	// Argument is the index of the argument, from 0.
	Argument int
	// Assigned is set if the value is assigned to a column and takes its type.
	// Otherwise it has the type of the argument.
	Assigned bool
}

// Error means that the SQL cannot be translated.
type Error struct {
	// Source is the whole original text.
	Source string
	// Problem describes what is wrong, in SQLite's words where it has some.
	Problem string
}

func (e *Error) Error() string {
	return "SQL logic error: " + e.Problem
}

// maxDepth limits the nesting of expressions and queries, as in SQLite.
const maxDepth = 1000

// maxParameters is the number of parameters that PostgreSQL's protocol can
// carry.
const maxParameters = 65535

// translator parses the tokens of one text. After the first problem, peek
// returns the end of the tokens, which ends every rule.
type translator struct {
	source     string
	reading    Reading
	tokens     []token
	position   int
	problem    string
	depth      int
	subqueries int // depth of sub-queries
	unnamed    int // count of queries with a generated alias
	// recursive is set within WITH RECURSIVE, whose queries must have the same
	// types.
	recursive  bool
	parameters int // count in the whole text so far
	statement  *Statement
	// defined are the names that the statement defines, in lower case, and texts
	// the positions of the names that are texts.
	defined map[string]bool
	texts   []int
	// defines is set within the definition of a view.
	defines bool
	// ties belong to the whole query that was parsed last.
	ties *Ties
	// selected is the expression of the last parsed query, if it has one column.
	selected expression
	// aliases are the expressions of the select list by alias, in clauses that
	// may refer to them.
	aliases map[string]string
}

// Translate translates a text of one or more statements. Names keep their case,
// which is significant in PostgreSQL. Its error is an *Error.
func Translate(source string) ([]*Statement, error) {
	return TranslateReading(source, Reading{})
}

// Reading tells how to read what only the schema can tell.
type Reading struct {
	// Fold returns a name as the schema spells it; nil keeps every name.
	Fold func(name string) string
	// IsText reports whether one of a statement's QuotedNames is a text; nil for
	// none.
	IsText func(name string) bool
	// Dynamic makes all choices between values dynamic: PostgreSQL refuses values of
	// several types.
	Dynamic bool
}

// TranslateReading is Translate for SQL that spells names in another case than the
// schema, puts texts in double quotes, or mixes types.
func TranslateReading(source string, reading Reading) ([]*Statement, error) {
	tokens, problem := tokenize(source)
	if problem != "" {
		return nil, &Error{Source: source, Problem: problem}
	}
	t := &translator{source: source, tokens: tokens, reading: reading}
	var statements []*Statement
	for {
		for t.accept(";") {
		}
		if t.peek().kind == end {
			break
		}
		t.statement = &Statement{Source: source, Index: len(statements)}
		t.defined, t.texts = map[string]bool{}, nil
		t.anyStatement()
		t.statement.QuotedNames = slices.DeleteFunc(t.statement.QuotedNames, func(name string) bool { return t.defined[strings.ToLower(name)] })
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

// statementRules are the supported statements, by their first word.
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
	t.statement.Ties, t.ties = t.ties, nil
	if t.statement.LockingSQL != "" {
		t.statement.LockingSQL = t.statement.SQL + " FOR NO KEY UPDATE"
	}
}

// withStatement parses a query or a change after WITH.
func (t *translator) withStatement() {
	with := t.with()
	t.anyStatement()
	t.statement.SQL = with + t.statement.SQL
	t.statement.LockingSQL, t.statement.Ties = "", nil
}

// nothing skips a statement that only tunes SQLite's file.
func (t *translator) nothing() {
	t.statement.Kind = Nothing
	for t.peek().kind != end && !t.at(";") {
		t.next()
	}
}

// pragma translates table_info. The others only tune SQLite's file.
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
	if ties := t.statement.Ties; ties != nil {
		ties.ByRowID, ties.ByID = "EXPLAIN "+ties.ByRowID, "EXPLAIN "+ties.ByID
	}
}
