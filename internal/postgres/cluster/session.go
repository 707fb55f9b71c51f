package cluster

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// session is a connection that is opened on first use, and again after it was
// lost.
type session struct {
	open func(context.Context) (*pgx.Conn, error)
	// isRetired reports whether a connection must not be used any more.
	isRetired func(*pgconn.PgConn) bool

	mutex      sync.Mutex
	connection *pgx.Conn
	// opened counts the connections made, so that a reconnect can be noticed.
	opened int
}

// use calls a function with the connection. If the connection turns out to be
// lost, use calls it again with a new one, so the function must be idempotent.
func (s *session) use(ctx context.Context, f func(*pgx.Conn) error) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var err error
	for range 2 {
		if s.connection != nil && s.isRetired(s.connection.PgConn()) {
			if err := s.connection.Close(ctx); err != nil {
				return err
			}
		}
		if s.connection == nil || s.connection.IsClosed() {
			if s.connection, err = s.open(ctx); err != nil {
				s.connection = nil
				return err
			}
			s.opened++
		}
		if err = f(s.connection); err == nil || !s.connection.IsClosed() {
			return err
		}
	}
	return err
}

// close closes the connection, if there is one.
func (s *session) close(ctx context.Context) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.connection == nil {
		return nil
	}
	connection := s.connection
	s.connection = nil
	return connection.Close(ctx)
}
