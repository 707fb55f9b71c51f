package testapp

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// HoldLock has another session of PostgreSQL run a statement that locks, until the test
// ends.
func (s *Server) HoldLock(statement string) {
	s.Helper()
	url, _ := PostgreSQL(s.App)
	other, err := pgx.Connect(s.Context(), url)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = other.Close(context.Background()) })
	if _, err := other.Exec(s.Context(), "BEGIN; "+statement); err != nil {
		s.Fatal(err)
	}
}
