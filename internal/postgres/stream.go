package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"carebase/internal/postgres/translate"
)

// stream is a running statement.
type stream struct {
	ctx       context.Context
	statement *translate.Statement
	reader    *pgconn.ResultReader
	// pipeline is set if other statements were sent along.
	pipeline *pgconn.Pipeline
	// fields describe the columns; nil until PostgreSQL has.
	fields []pgconn.FieldDescription
	closed bool
	tag    pgconn.CommandTag
}

// close reads the remaining rows and returns the outcome.
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

// closePipeline closes the pipeline. Its error is only returned if the
// statement has not failed already.
func (s *stream) closePipeline(failure error) error {
	err := s.pipeline.Close()
	if failure != nil {
		return nil
	}
	return err
}

// execution is a statement as it is sent: prepared if it is known, to be prepared if it has a
// name.
type execution struct {
	sql       string
	arguments arguments
	key, name string
	known     *pgconn.StatementDescription
}

// start sends a statement, together with those that must precede it.
func (c *conn) start(ctx context.Context, statement *translate.Statement, sql string, arguments arguments) (*stream, error) {
	result := &stream{ctx: ctx, statement: statement}
	q := execution{sql: sql, arguments: arguments, key: preparedKey(sql, arguments.types)}
	q.known, q.name = c.prepared.choose(q.key)
	if before := c.before(); len(before) > 0 {
		return result, c.startPipeline(ctx, result, before, q)
	}
	if q.name != "" {
		var err error
		if q.known, err = c.pg.Prepare(ctx, q.name, sql, arguments.types); err != nil {
			return nil, err
		}
		c.prepared.keep(q.key, q.known)
	}
	if q.known != nil {
		result.fields = q.known.Fields
		result.reader = c.pg.ExecStatement(ctx, q.known, arguments.values, arguments.formats, nil)
	} else {
		result.reader = c.pg.ExecParams(ctx, sql, arguments.values, arguments.types, arguments.formats, nil)
	}
	return result, nil
}

// before returns the statements that precede each statement. In a transaction
// that is a savepoint: if the statement fails, the transaction continues from
// there, as in SQLite. Behind a pooler, a single statement is preceded by its
// settings; a pipeline is one transaction.
func (c *conn) before() []string {
	switch {
	case c.inTransaction && c.savepoint:
		return []string{"RELEASE SAVEPOINT statement", "SAVEPOINT statement"}
	case c.inTransaction:
		return []string{"SAVEPOINT statement"}
	case c.settings != "":
		return []string{c.settings}
	}
	return nil
}

// startPipeline sends the preceding statements and the statement in one round
// trip.
func (c *conn) startPipeline(ctx context.Context, result *stream, before []string, q execution) error {
	pipeline := c.pg.StartPipeline(ctx)
	result.pipeline = pipeline
	for _, statement := range before {
		pipeline.SendQueryParams(statement, nil, nil, nil, nil)
	}
	switch {
	case q.known != nil:
		result.fields = q.known.Fields
		pipeline.SendQueryStatement(q.known, q.arguments.values, q.arguments.formats, nil)
	case q.name != "":
		pipeline.SendPrepare(q.name, q.sql, q.arguments.types)
		pipeline.SendQueryPrepared(q.name, q.arguments.values, q.arguments.formats, nil)
	default:
		pipeline.SendQueryParams(q.sql, q.arguments.values, q.arguments.types, q.arguments.formats, nil)
	}
	if err := pipeline.Sync(); err != nil {
		return errors.Join(err, pipeline.Close())
	}
	err := readOutcomes(pipeline, len(before))
	if err == nil {
		c.savepoint = c.inTransaction
	}
	if err == nil && q.name != "" {
		err = c.keepPrepared(pipeline, q.key, q.name)
	}
	if err == nil {
		result.reader, err = nextReader(pipeline)
	}
	if err != nil {
		return errors.Join(err, result.closePipeline(err))
	}
	return nil
}

// readOutcomes reads the results of statements and discards their rows.
func readOutcomes(pipeline *pgconn.Pipeline, count int) error {
	for range count {
		reader, err := nextReader(pipeline)
		if err == nil {
			_, err = reader.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// keepPrepared reads the outcome of preparing a statement by a name.
func (c *conn) keepPrepared(pipeline *pgconn.Pipeline, key, name string) error {
	results, err := pipeline.GetResults()
	if err != nil {
		return err
	}
	prepared, ok := results.(*pgconn.StatementDescription)
	if !ok {
		return errUnexpected
	}
	prepared.Name = name
	c.prepared.keep(key, prepared)
	return nil
}

// errUnexpected means that the protocol was not kept.
var errUnexpected = errors.New("unexpected response from PostgreSQL")

func nextReader(pipeline *pgconn.Pipeline) (*pgconn.ResultReader, error) {
	results, err := pipeline.GetResults()
	if err != nil {
		return nil, err
	}
	reader, ok := results.(*pgconn.ResultReader)
	if !ok {
		return nil, errUnexpected
	}
	return reader, nil
}
