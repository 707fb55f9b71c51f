package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
)

// inTurn runs work in the transaction, or else in a turn of its own.
func (s *sharer) inTurn(ctx context.Context, work func() error) error {
	if s.transaction != nil {
		return work()
	}
	if err := s.shared.take(ctx, nil); err != nil {
		return err
	}
	defer s.shared.leave()
	return work()
}

// ExecContext implements driver.ExecerContext.
func (s *sharer) ExecContext(ctx context.Context, query string, values []driver.NamedValue) (result driver.Result, err error) {
	err = s.inTurn(ctx, func() error {
		result, err = s.own.ExecContext(ctx, query, values)
		return err
	})
	return result, err
}

// QueryContext implements driver.QueryerContext.
func (s *sharer) QueryContext(ctx context.Context, query string, values []driver.NamedValue) (driver.Rows, error) {
	return s.rowsInTurn(ctx, func() (driver.Rows, error) { return s.own.QueryContext(ctx, query, values) })
}

// rowsInTurn is inTurn for rows, which keep the turn until they are closed.
func (s *sharer) rowsInTurn(ctx context.Context, query func() (driver.Rows, error)) (driver.Rows, error) {
	if s.transaction != nil {
		return query()
	}
	if err := s.shared.take(ctx, nil); err != nil {
		return nil, err
	}
	found, err := query()
	if err == nil {
		if own, ok := found.(ownRows); ok {
			return &rowsOfTurn{own, s.shared.leave}, nil
		}
		err = fmt.Errorf("the connection's rows are an unknown %T", found)
	}
	s.shared.leave()
	return nil, err
}

// rowsOfTurn are rows that end a turn.
type rowsOfTurn struct {
	ownRows
	leave func()
}

// Close implements driver.Rows.
func (r *rowsOfTurn) Close() error {
	if r.leave == nil {
		return nil
	}
	defer r.leave()
	r.leave = nil
	return r.ownRows.Close()
}

// PrepareContext implements driver.ConnPrepareContext.
func (s *sharer) PrepareContext(ctx context.Context, query string) (prepared driver.Stmt, err error) {
	err = s.inTurn(ctx, func() error {
		own, err := s.own.prepare(ctx, query)
		if err == nil {
			prepared = &statementOfTurn{&statement{ownStatement: own, connection: s.own}, s}
		}
		return err
	})
	return prepared, err
}

// Prepare implements driver.Conn.
func (s *sharer) Prepare(query string) (driver.Stmt, error) {
	return s.PrepareContext(context.Background(), query)
}

// Ping implements driver.Pinger.
func (s *sharer) Ping(ctx context.Context) error {
	return s.inTurn(ctx, func() error { return s.own.Ping(ctx) })
}

// CheckNamedValue implements driver.NamedValueChecker.
func (s *sharer) CheckNamedValue(argument *driver.NamedValue) error {
	return s.own.CheckNamedValue(argument)
}

// statementOfTurn is a prepared statement of a sharer.
type statementOfTurn struct {
	*statement
	sharer *sharer
}

// ExecContext implements driver.StmtExecContext.
func (s *statementOfTurn) ExecContext(ctx context.Context, values []driver.NamedValue) (result driver.Result, err error) {
	err = s.sharer.inTurn(ctx, func() error {
		result, err = s.statement.ExecContext(ctx, values)
		return err
	})
	return result, err
}

// QueryContext implements driver.StmtQueryContext.
func (s *statementOfTurn) QueryContext(ctx context.Context, values []driver.NamedValue) (driver.Rows, error) {
	return s.sharer.rowsInTurn(ctx, func() (driver.Rows, error) { return s.statement.QueryContext(ctx, values) })
}

// Close implements driver.Stmt.
func (s *statementOfTurn) Close() error {
	return s.sharer.inTurn(context.Background(), s.statement.Close)
}
