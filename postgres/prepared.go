package postgres

import (
	"context"
	"strconv"
	"strings"
)

const (
	// maxPrepared is how many statements a connection keeps prepared.
	maxPrepared = 200
	// maxCounted is how many texts a connection counts the uses of.
	maxCounted = 500
	// usesUntilPrepared is after how many uses a statement is worth it.
	usesUntilPrepared = 3
)

// preparedStatements are those of one connection, by text and parameter types.
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

// prepare returns the name of a prepared statement, or "" if it is not worth
// one: PocketBase writes many statements that never come again.
func (c *conn) prepare(ctx context.Context, sql string, types []uint32) (string, error) {
	p, key := c.prepared, preparedKey(sql, types)
	if name, ok := p.names[key]; ok {
		return name, nil
	}
	if len(p.uses) >= maxCounted {
		clear(p.uses)
	}
	p.uses[key]++
	if p.uses[key] <= usesUntilPrepared || len(p.names) >= maxPrepared || c.inTransaction {
		return "", nil
	}
	p.count++
	name := "statement " + strconv.Itoa(p.count)
	if _, err := c.pg.Prepare(ctx, name, sql, types); err != nil {
		return "", err
	}
	delete(p.uses, key)
	p.names[key] = name
	return name, nil
}

// forget drops a statement whose plan no longer fits its tables. The server
// keeps the name until the connection ends, which the limit allows for.
func (c *conn) forget(sql string, types []uint32) bool {
	key := preparedKey(sql, types)
	_, known := c.prepared.names[key]
	delete(c.prepared.names, key)
	return known
}
