package postgres

import (
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// maxPrepared is how many statements a connection prepares in its lifetime.
	maxPrepared = 300
	// maxCounted is for how many statements a connection counts the uses.
	maxCounted = 500
	// usesUntilPrepared is how often a statement runs unprepared: PocketBase
	// writes many statements that never recur.
	usesUntilPrepared = 3
)

// preparedStatements are the prepared statements of one connection, by SQL and
// parameter types. A nil one prepares nothing.
type preparedStatements struct {
	known map[string]*pgconn.StatementDescription
	uses  map[string]int
	count int
}

func newPreparedStatements() *preparedStatements {
	return &preparedStatements{known: map[string]*pgconn.StatementDescription{}, uses: map[string]int{}}
}

func preparedKey(sql string, types []uint32) string {
	var key strings.Builder
	key.WriteString(sql)
	for _, oid := range types {
		key.WriteByte(0)
		key.WriteString(strconv.FormatUint(uint64(oid), 10))
	}
	return key.String()
}

// choose returns a prepared statement, or the name to prepare it by, or neither to run
// the statement unprepared.
func (p *preparedStatements) choose(key string) (known *pgconn.StatementDescription, name string) {
	if p == nil {
		return nil, ""
	}
	if known := p.known[key]; known != nil {
		return known, ""
	}
	if len(p.uses) >= maxCounted {
		clear(p.uses)
	}
	p.uses[key]++
	if p.uses[key] <= usesUntilPrepared || p.count >= maxPrepared {
		return nil, ""
	}
	p.count++
	return nil, "statement " + strconv.Itoa(p.count)
}

// keep records that a statement has been prepared.
func (p *preparedStatements) keep(key string, prepared *pgconn.StatementDescription) {
	delete(p.uses, key)
	p.known[key] = prepared
}

// forget drops a statement whose plan no longer matches the schema, and reports
// whether there was one. The server keeps it until the connection ends;
// maxPrepared bounds that.
func (c *conn) forget(sql string, types []uint32) bool {
	if c.prepared == nil {
		return false
	}
	key := preparedKey(sql, types)
	_, known := c.prepared.known[key]
	delete(c.prepared.known, key)
	return known
}
