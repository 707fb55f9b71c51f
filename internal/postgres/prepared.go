package postgres

import (
	"strconv"
	"strings"
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
	names map[string]string
	uses  map[string]int
	count int
}

func newPreparedStatements() *preparedStatements {
	return &preparedStatements{names: map[string]string{}, uses: map[string]int{}}
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

// choose returns the name of a prepared statement and whether it has yet to be
// prepared, or "" to run the statement unprepared.
func (p *preparedStatements) choose(key string) (name string, fresh bool) {
	if p == nil {
		return "", false
	}
	if name, ok := p.names[key]; ok {
		return name, false
	}
	if len(p.uses) >= maxCounted {
		clear(p.uses)
	}
	p.uses[key]++
	if p.uses[key] <= usesUntilPrepared || p.count >= maxPrepared {
		return "", false
	}
	p.count++
	return "statement " + strconv.Itoa(p.count), true
}

// keep records that a statement has been prepared.
func (p *preparedStatements) keep(key, name string) {
	delete(p.uses, key)
	p.names[key] = name
}

// forget drops a statement whose plan no longer matches the schema, and reports
// whether there was one. The server keeps it until the connection ends;
// maxPrepared bounds that.
func (c *conn) forget(sql string, types []uint32) bool {
	if c.prepared == nil {
		return false
	}
	key := preparedKey(sql, types)
	_, known := c.prepared.names[key]
	delete(c.prepared.names, key)
	return known
}
