package sequence

import (
	"regexp"
	"slices"
	"strings"

	"github.com/pocketbase/dbx"

	"carebase/internal/collections"
	_ "carebase/internal/query" // its builder is the one below
)

// driverName is the driver that PocketBase's query builder knows both engines by.
const driverName = "sqlite"

// Ids are stored as text, which sorts 10 before 9. PocketBase's own queries are built
// to sort them as numbers.
func init() {
	own := dbx.BuilderFuncMap[driverName]
	dbx.BuilderFuncMap[driverName] = func(database *dbx.DB, executor dbx.Executor) dbx.Builder {
		return &builder{own(database, executor), database}
	}
}

// builder builds queries that sort ids as numbers.
type builder struct {
	dbx.Builder
	database *dbx.DB
}

// Select implements dbx.Builder.
func (b *builder) Select(columns ...string) *dbx.SelectQuery {
	return dbx.NewSelectQuery(b, b.database).Select(columns...)
}

// QueryBuilder implements dbx.Builder.
func (b *builder) QueryBuilder() dbx.QueryBuilder { return queryBuilder{b.Builder.QueryBuilder()} }

type queryBuilder struct{ dbx.QueryBuilder }

// BuildOrderByAndLimit implements dbx.QueryBuilder.
func (b queryBuilder) BuildOrderByAndLimit(query string, terms []string, limit, offset int64) string {
	if len(terms) == 0 && limit > 0 {
		terms = byNumber(query)
	}
	return b.QueryBuilder.BuildOrderByAndLimit(query, numerically(terms), limit, offset)
}

// unsorted matches the beginning of a list of records, in PocketBase's notation.
var unsorted = regexp.MustCompile("^SELECT `(\\w+)`\\.\\* FROM `(\\w+)` WHERE ")

// byID matches a condition that one record has. Without an order, PostgreSQL locks it.
var byID = regexp.MustCompile("\\.(`id`|id\\]\\])\\s*=\\s*\\{:")

// byNumber returns the order of a list of what somebody owns, for one that has none: an
// index begins with the owner and goes on with the number, so that no database has to
// look for the page among what others own.
func byNumber(query string) []string {
	match := unsorted.FindStringSubmatch(query)
	if match == nil || byID.MatchString(query) || match[1] != match[2] || !holdsIDs(match[1], "id") {
		return nil
	}
	declared := collections.Get(match[1])
	if declared == nil || declared.Owner == "" || !strings.Contains(query, "[["+match[1]+"."+declared.Owner+"]] = {:") {
		return nil
	}
	return []string{"[[" + match[1] + ".id]]"}
}

// columnTerm matches a term of ORDER BY that is a column in PocketBase's notation.
var columnTerm = regexp.MustCompile(`^(\[\[(\w+)\.(\w+)\]\])( ASC| DESC)?$`)

// numerically puts the length of an id before it: of two numbers, the longer is the
// higher one.
func numerically(terms []string) []string {
	numeric := make([]string, 0, len(terms)+1)
	for _, term := range terms {
		if match := columnTerm.FindStringSubmatch(term); match != nil && holdsIDs(match[2], match[3]) {
			numeric = append(numeric, "length("+match[1]+")"+match[4])
		}
		numeric = append(numeric, term)
	}
	return numeric
}

// holdsIDs reports whether a column holds ids of numbered records. A table that is
// joined along a relation is called after it, such as mappings_patient.
func holdsIDs(table, column string) bool {
	if column != "id" {
		return slices.Contains(references(table), column)
	}
	if slices.Contains(collections.Numbered(), table) {
		return true
	}
	for _, collection := range collections.Owned() {
		for _, reference := range references(collection.Name) {
			if strings.HasPrefix(table, collection.Name+"_") && strings.HasSuffix(table, "_"+reference) {
				return true
			}
		}
	}
	return false
}

// references returns the fields of a collection that refer to numbered records.
func references(name string) []string {
	declared := collections.Get(name)
	if declared == nil || declared.Owner == "" {
		return nil
	}
	fields := []string{declared.Owner}
	for _, relation := range declared.Relations {
		fields = append(fields, relation.Field)
	}
	return fields
}
