package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/postgres/translate"
)

// stream is a statement that runs.
type stream struct {
	ctx       context.Context
	statement *translate.Statement
	reader    *pgconn.ResultReader
	// pipeline is set if savepoints go along with the statement.
	pipeline *pgconn.Pipeline
	// fields describe the columns.
	fields []pgconn.FieldDescription
	closed bool
	tag    pgconn.CommandTag
}

// close reads what is left and returns the outcome.
func (s *stream) close() (pgconn.CommandTag, error) {
	if s.closed {
		return s.tag, nil
	}
	s.closed = true
	tag, err := s.reader.Close()
	if s.pipeline != nil {
		err = errors.Join(err, s.closePipeline(err))
	}
	s.tag = tag
	return tag, err
}

// closePipeline ends a pipeline whose statement may have failed already.
func (s *stream) closePipeline(failure error) error {
	err := s.pipeline.Close()
	if failure != nil {
		return nil
	}
	return err
}

// start sends a statement. In a transaction, a savepoint before it is what the
// transaction goes back to if the statement fails, as in SQLite; both travel
// together.
func (c *conn) start(ctx context.Context, statement *translate.Statement, sql string, arguments arguments) (*stream, error) {
	result := &stream{ctx: ctx, statement: statement}
	name, err := c.prepare(ctx, sql, arguments.types)
	if err != nil {
		return nil, err
	}
	if !c.inTransaction {
		if name != "" {
			result.reader = c.pg.ExecPrepared(ctx, name, arguments.values, arguments.formats, nil)
		} else {
			result.reader = c.pg.ExecParams(ctx, sql, arguments.values, arguments.types, arguments.formats, nil)
		}
		return result, nil
	}
	pipeline := c.pg.StartPipeline(ctx)
	result.pipeline = pipeline
	before := 1
	if c.savepoint {
		pipeline.SendQueryParams("RELEASE SAVEPOINT statement", nil, nil, nil, nil)
		before++
	}
	pipeline.SendQueryParams("SAVEPOINT statement", nil, nil, nil, nil)
	if name != "" {
		pipeline.SendQueryPrepared(name, arguments.values, arguments.formats, nil)
	} else {
		pipeline.SendQueryParams(sql, arguments.values, arguments.types, arguments.formats, nil)
	}
	if err := pipeline.Sync(); err != nil {
		return nil, errors.Join(err, pipeline.Close())
	}
	for i := range before + 1 {
		results, err := pipeline.GetResults()
		reader, ok := results.(*pgconn.ResultReader)
		if err == nil && !ok {
			err = errors.New("unexpected answer from PostgreSQL")
		}
		if err == nil && i < before {
			_, err = reader.Close()
		}
		if err != nil {
			// Once the savepoint stands, there is something to go back to.
			c.savepoint = c.savepoint || i == before
			return nil, errors.Join(err, result.closePipeline(err))
		}
		result.reader = reader
	}
	c.savepoint = true
	return result, nil
}
