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
	key := preparedKey(sql, arguments.types)
	name, fresh := c.prepared.choose(key)
	if c.inTransaction {
		return result, c.startInTransaction(ctx, result, sql, arguments, key, name, fresh)
	}
	if fresh {
		if _, err := c.pg.Prepare(ctx, name, sql, arguments.types); err != nil {
			return nil, err
		}
		c.prepared.keep(key, name)
	}
	if name != "" {
		result.reader = c.pg.ExecPrepared(ctx, name, arguments.values, arguments.formats, nil)
	} else {
		result.reader = c.pg.ExecParams(ctx, sql, arguments.values, arguments.types, arguments.formats, nil)
	}
	return result, nil
}

// startInTransaction sends the savepoint, the statement, and what goes before
// them.
func (c *conn) startInTransaction(ctx context.Context, result *stream, sql string, arguments arguments, key, name string, fresh bool) error {
	pipeline := c.pg.StartPipeline(ctx)
	result.pipeline = pipeline
	if c.savepoint {
		pipeline.SendQueryParams("RELEASE SAVEPOINT statement", nil, nil, nil, nil)
	}
	pipeline.SendQueryParams("SAVEPOINT statement", nil, nil, nil, nil)
	if fresh {
		pipeline.SendPrepare(name, sql, arguments.types)
	}
	if name != "" {
		pipeline.SendQueryPrepared(name, arguments.values, arguments.formats, nil)
	} else {
		pipeline.SendQueryParams(sql, arguments.values, arguments.types, arguments.formats, nil)
	}
	if err := pipeline.Sync(); err != nil {
		return errors.Join(err, pipeline.Close())
	}
	err := c.readSavepoint(pipeline)
	if err == nil && fresh {
		if _, err = pipeline.GetResults(); err == nil {
			c.prepared.keep(key, name)
		}
	}
	if err == nil {
		result.reader, err = nextReader(pipeline)
	}
	if err != nil {
		return errors.Join(err, result.closePipeline(err))
	}
	return nil
}

// readSavepoint reads the outcome of the savepoints' statements.
func (c *conn) readSavepoint(pipeline *pgconn.Pipeline) error {
	count := 1
	if c.savepoint {
		count++
	}
	for range count {
		reader, err := nextReader(pipeline)
		if err == nil {
			_, err = reader.Close()
		}
		if err != nil {
			return err
		}
	}
	c.savepoint = true
	return nil
}

func nextReader(pipeline *pgconn.Pipeline) (*pgconn.ResultReader, error) {
	results, err := pipeline.GetResults()
	if err != nil {
		return nil, err
	}
	reader, ok := results.(*pgconn.ResultReader)
	if !ok {
		return nil, errors.New("unexpected answer from PostgreSQL")
	}
	return reader, nil
}
