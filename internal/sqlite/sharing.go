package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/deadline"
)

// maxSharers is how many may use or wait for the writer's connection at once; others wait
// for one of them.
const maxSharers = 64

// BindGroups lets transactions be committed together, once the app serves and if their
// contexts say so (see Joining).
func BindGroups(app core.App) {
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		return share(e.App.NonconcurrentDB())
	})
}

// share makes the connections of a pool, which has one so far, share one of SQLite's.
func share(writer dbx.Builder) error {
	pool, own := connectorOf(writer)
	if own == nil {
		return fmt.Errorf("the writer's pool is an unknown %T", writer)
	}
	own.shared.Store(&shared{open: own.open})
	pool.SetMaxIdleConns(0) // closes the one that does not share
	pool.SetMaxOpenConns(maxSharers)
	pool.SetMaxIdleConns(maxSharers)
	return nil
}

func connectorOf(writer dbx.Builder) (*sql.DB, *connector) {
	pool, ok := writer.(*dbx.DB)
	if !ok {
		return nil, nil
	}
	own, _ := pool.DB().Driver().(*connector)
	return pool.DB(), own
}

// Waited returns how long all transactions and statements together have waited for the
// connection that a pool's connections share.
func Waited(writer dbx.Builder) time.Duration {
	_, own := connectorOf(writer)
	if own == nil || own.shared.Load() == nil {
		return 0
	}
	shared := own.shared.Load()
	shared.mutex.Lock()
	defer shared.mutex.Unlock()
	return shared.waited
}

// shared is a connection that several of database/sql's share, in turns.
type shared struct {
	turns
	open func() (*connection, error)

	// The turns' mutex is for these.
	sharers int
	own     *connection

	index walIndex

	// The rest is for who has the turn. group is nil while SQLite has no transaction open.
	group *group
	// siblings is how many transactions the last commit has made durable, delay how long the
	// next one waits for as many, as PostgreSQL's commit_siblings and commit_delay: whoever
	// writes alone waits for nobody.
	siblings int
	delay    time.Duration
}

// connect returns a connection of database/sql's.
func (s *shared) connect() (*sharer, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.sharers == 0 {
		own, err := s.open()
		if err != nil {
			return nil, err
		}
		if err := s.index.find(own); err != nil {
			return nil, errors.Join(err, own.Close())
		}
		s.own = own
	}
	s.sharers++
	return &sharer{shared: s, own: s.own}, nil
}

// take waits for the turn. Whoever does not join a delayed group commits it.
func (s *shared) take(ctx context.Context, joins *joining) error {
	came, err := s.turns.take(ctx, joins)
	if came && err != nil {
		s.leave()
	}
	if err == nil && s.group != nil && !s.group.admits(inTime(joins, deadline.Of(ctx))) {
		s.commit()
	}
	return err
}

// leave ends a turn. Without anybody to join the open group, it commits the group first,
// unless that is delayed.
func (s *shared) leave() {
	for !s.pass(s.group) {
		s.commit()
	}
}

// commit commits the open group.
func (s *shared) commit() {
	open, begun := s.group, time.Now()
	s.group = nil
	err := open.begun.Commit()
	// Half of what a write to the disk takes is what PostgreSQL's manual advises.
	s.siblings, s.delay = len(open.ended), min(time.Since(begun)/2, maxDelay)
	if err != nil && len(open.ended) > 1 {
		err = lost(err)
	}
	open.end(err)
}

// endDelay commits a group whose delay is over, unless somebody has the turn: then that one
// does.
func (s *shared) endDelay(of *group) {
	s.mutex.Lock()
	if s.isTaken || s.group != of {
		s.mutex.Unlock()
		return
	}
	s.isTaken = true
	s.mutex.Unlock()
	s.commit()
	s.leave()
}

// begin begins a transaction for who has the turn: SQLite's own, or a savepoint in it.
func (s *shared) begin(ctx context.Context, options driver.TxOptions) error {
	if s.group != nil && s.own.isAutocommit() { // a statement has ended it
		s.abandon(errEnded)
	}
	if s.group != nil {
		return s.own.run("SAVEPOINT joined")
	}
	begun, err := s.own.begin(ctx, options)
	if err != nil {
		return err
	}
	s.group = &group{of: s, begun: begun, done: make(chan struct{})}
	return nil
}

// undo rolls back the transaction of who has the turn, and no other one.
func (s *shared) undo() error {
	if len(s.group.ended) == 0 {
		begun := s.group.begun
		s.group = nil
		return begun.Rollback()
	}
	err := s.own.run("ROLLBACK TO joined")
	if err == nil {
		err = s.own.run("RELEASE joined")
	}
	if err != nil {
		s.abandon(err)
	}
	return err
}

// abandon rolls back everything that is not committed.
func (s *shared) abandon(cause error) {
	open := s.group
	s.group = nil
	if !s.own.isAutocommit() {
		cause = errors.Join(cause, open.begun.Rollback())
	}
	open.end(lost(cause))
}

// run runs a statement of the connection's own, which no deadline interrupts.
func (c *connection) run(text string) error {
	statement, done, err := c.prepared(context.Background(), text)
	if err != nil {
		return err
	}
	_, err = statement.ExecContext(context.Background(), nil)
	return errors.Join(err, done(err))
}

// sharer is a connection of database/sql's on a shared one. What it does outside of a
// transaction takes a turn of its own, and is not committed together with others.
type sharer struct {
	shared *shared
	own    *connection
	// transaction is the open transaction, or nil; joins says with whom it is committed.
	transaction *transaction
	joins       *joining
}

// Close implements driver.Conn.
func (s *sharer) Close() error {
	s.shared.mutex.Lock()
	defer s.shared.mutex.Unlock()
	if s.shared.sharers--; s.shared.sharers > 0 {
		return nil
	}
	s.shared.index.forget()
	return s.own.Close()
}

// BeginTx implements driver.ConnBeginTx.
func (s *sharer) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	s.joins = joiningOf(ctx)
	if err := s.shared.take(ctx, s.joins); err != nil {
		return nil, err
	}
	err := deadline.Err(ctx)
	if err == nil {
		err = s.shared.begin(ctx, options)
	}
	if err != nil {
		s.shared.leave()
		return nil, err
	}
	s.transaction = &transaction{connection: s.own, work: deadline.Of(ctx), joins: s.joins != nil}
	s.own.transaction = s.transaction
	return s, nil
}

// Begin implements driver.Conn.
func (s *sharer) Begin() (driver.Tx, error) {
	return s.BeginTx(context.Background(), driver.TxOptions{})
}

// Commit implements driver.Tx. It returns once the transaction is durable.
func (s *sharer) Commit() error {
	ended := s.endTransaction()
	if ended.cause != nil {
		s.shared.abandon(ended.cause)
		s.shared.leave()
		return errEnded
	}
	return ended.work.Commit(s.commit, func() error {
		defer s.shared.leave()
		return s.shared.undo()
	})
}

func (s *sharer) commit() error {
	open := s.shared.group
	if len(open.ended) > 0 {
		if err := s.own.run("RELEASE joined"); err != nil {
			s.shared.abandon(err)
			s.shared.leave()
			return err
		}
	}
	open.add(s.joins)
	s.shared.leave()
	<-open.done
	return open.err
}

// Rollback implements driver.Tx.
func (s *sharer) Rollback() (err error) {
	if ended := s.endTransaction(); ended.cause != nil {
		s.shared.abandon(ended.cause)
	} else {
		err = s.shared.undo()
	}
	s.shared.leave()
	return err
}

func (s *sharer) endTransaction() *transaction {
	ended := s.transaction
	s.transaction, s.own.transaction = nil, nil
	return ended
}
