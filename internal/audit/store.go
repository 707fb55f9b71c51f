package audit

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
)

// transactions are the open transactions that have events, or whose caller is
// known. PocketBase's hooks know the transaction, but not always the request.
type transactions struct {
	mutex sync.Mutex
	open  map[*core.TxAppInfo]*transaction
}

// transaction is an open transaction and where its chain is by now.
type transaction struct {
	request *request
	chain   *chain
	seq     int64
	hash    string
	sets    []string
	// failed is that an event could not be stored: no other may follow.
	failed bool
}

var errFailed = errors.New("an audit event of this transaction could not be stored")

// of returns the transaction of an app, nil if it is in none.
func (t *Trail) transactionOf(app core.App) *transaction {
	info := app.TxInfo()
	if info == nil {
		return nil
	}
	t.transactions.mutex.Lock()
	defer t.transactions.mutex.Unlock()
	if known := t.transactions.open[info]; known != nil {
		return known
	}
	opened := &transaction{}
	if t.transactions.open == nil {
		t.transactions.open = map[*core.TxAppInfo]*transaction{}
	}
	t.transactions.open[info] = opened
	info.OnComplete(func(err error) error {
		t.transactions.mutex.Lock()
		delete(t.transactions.open, info)
		t.transactions.mutex.Unlock()
		if opened.chain != nil {
			t.chains.giveBack(opened.chain, opened.seq, opened.hash, err)
		}
		if err == nil {
			t.sets.add(opened.sets)
		}
		return nil
	})
	return opened
}

// storeAll stores events in one transaction: all of them or none.
func (t *Trail) storeAll(occurrences []*occurrence) error {
	return t.app.RunInTransaction(func(tx core.App) error { return t.store(tx, occurrences) })
}

// store appends events to the transaction's chain.
func (t *Trail) store(tx core.App, occurrences []*occurrence) error {
	transaction := t.transactionOf(tx)
	if transaction.chain == nil {
		chain, err := t.chains.take(tx)
		if err != nil {
			return err
		}
		transaction.chain, transaction.seq, transaction.hash = chain, chain.seq, chain.hash
	}
	if err := t.append(tx, transaction, occurrences); err != nil {
		transaction.failed = true
		return err
	}
	return nil
}

// append puts events behind the end of the transaction's chain.
func (t *Trail) append(tx core.App, transaction *transaction, occurrences []*occurrence) error {
	if transaction.failed {
		return errFailed
	}
	before := transaction.seq
	rows := make([]dbx.Params, len(occurrences))
	for i, occurrence := range occurrences {
		event, set := occurrence.prepare()
		if set != nil && !t.sets.has(set.id) {
			if err := insertSet(tx, set); err != nil {
				return err
			}
			transaction.sets = append(transaction.sets, set.id)
		}
		event.ID, event.Chain, event.Seq = transaction.chain.ids.next(time.Now()), transaction.chain.id, transaction.seq+1
		text, hash, err := event.link(transaction.hash)
		if err != nil {
			return err
		}
		rows[i] = dbx.Params{"id": event.ID, "subject": event.subject(), "hash": hash, "event": text}
		transaction.seq, transaction.hash = event.Seq, hash
	}
	if err := insertRows(tx, rows, t.rowsAtOnce); err != nil {
		return err
	}
	result, err := tx.DB().NewQuery("UPDATE audit_chains SET seq = {:seq}, hash = {:hash} WHERE id = {:id} AND seq = {:before}").
		Bind(dbx.Params{"seq": transaction.seq, "hash": transaction.hash, "id": transaction.chain.id, "before": before}).Execute()
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed != 1 {
		return errForked
	}
	return nil
}

func insertSet(tx core.App, set *recordSet) error {
	_, err := tx.DB().NewQuery(`INSERT INTO audit_record_sets (id, day, owner, records, patients)
		VALUES ({:id}, {:day}, {:owner}, {:records}, {:patients}) ON CONFLICT (id) DO NOTHING`).
		Bind(dbx.Params{"id": set.id, "day": set.day, "owner": set.owner, "records": set.records, "patients": set.patients}).Execute()
	return err
}

// On PostgreSQL a statement is a trip to the server, so it inserts many rows. On
// SQLite, one that may fail halfway has a journal of its own, which costs more
// than a statement for each row.
const (
	rowsAtOncePostgreSQL = 32
	rowsAtOnceSQLite     = 1
)

func insertStatement(rows int) string {
	values := make([]string, rows)
	for i := range values {
		number := strconv.Itoa(i)
		values[i] = "({:i" + number + "},{:s" + number + "},{:h" + number + "},{:e" + number + "})"
	}
	return "INSERT INTO audit_log (id, subject, hash, event) VALUES " + strings.Join(values, ",")
}

// insertRows inserts rows, so many at once, and what is left of them one by one.
func insertRows(tx core.App, rows []dbx.Params, atOnce int) error {
	for _, size := range []int{atOnce, 1} {
		count := len(rows) / size
		if count == 0 {
			continue
		}
		if err := insertAlike(tx, rows[:count*size], size); err != nil {
			return err
		}
		rows = rows[count*size:]
	}
	return nil
}

// insertAlike inserts rows by executing one statement for each so many.
func insertAlike(tx core.App, rows []dbx.Params, size int) (err error) {
	query := tx.DB().NewQuery(insertStatement(size))
	if len(rows) > size && size == rowsAtOnceSQLite {
		query.Prepare()
		defer func() { err = errors.Join(err, query.Close()) }()
	}
	params := make(dbx.Params, 4*size)
	for chunk := range slices.Chunk(rows, size) {
		for i, row := range chunk {
			number := strconv.Itoa(i)
			params["i"+number], params["s"+number], params["h"+number], params["e"+number] = row["id"], row["subject"], row["hash"], row["event"]
		}
		if _, err := query.Bind(params).Execute(); err != nil {
			return err
		}
	}
	return nil
}

// recentSets are ids of sets that are in the database. It forgets those that were
// not asked for lately; they are inserted again then, which changes nothing.
type recentSets struct {
	mutex         sync.Mutex
	recent, older map[string]struct{}
}

// setsRemembered is how many ids a generation has.
const setsRemembered = 10_000

func newRecentSets() *recentSets {
	return &recentSets{recent: map[string]struct{}{}, older: map[string]struct{}{}}
}

func (s *recentSets) has(id string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, found := s.recent[id]; found {
		return true
	}
	_, found := s.older[id]
	return found
}

func (s *recentSets) add(ids []string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, id := range ids {
		if len(s.recent) >= setsRemembered {
			s.older, s.recent = s.recent, map[string]struct{}{}
		}
		s.recent[id] = struct{}{}
	}
}
