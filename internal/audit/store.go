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

// transactions are the open transactions that have events or a known request.
// PocketBase's hooks know the transaction, but not always the request.
type transactions struct {
	mutex sync.Mutex
	open  map[*core.TxAppInfo]*transaction
}

// transaction is an open transaction with the current end of its chain.
type transaction struct {
	request *request
	// origin causes what happens without a request; nil is the operator.
	origin *source
	chain  *chain
	seq    int64
	hash   string
	// moved is the end that the chain's row has; isTogether is whether it stays so for now.
	moved      int64
	isTogether bool
	sets       []string
	// failed is set when an event could not be stored; no other may follow. isForked is
	// set if that is because of the chain, which is not used again.
	failed, isForked bool
}

var errFailed = errors.New("an audit event of this transaction could not be stored")

// transactionOf returns the transaction of an app, nil if it has none.
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
		if opened.chain != nil && !opened.isForked {
			t.chains.giveBack(opened.chain, opened.seq, opened.hash, err)
		}
		if err == nil {
			for _, id := range opened.sets {
				t.sets.Put(opened.chain.id+id, struct{}{})
			}
		}
		return nil
	})
	return opened
}

// storeAll stores events in one transaction.
func (t *Trail) storeAll(occurrences []*occurrence) error {
	return t.app.RunInTransaction(func(tx core.App) error { return t.store(tx, occurrences) })
}

// store appends events to the transaction's chain.
func (t *Trail) store(tx core.App, occurrences []*occurrence) error {
	current := t.transactionOf(tx)
	if current.chain == nil {
		taken, err := t.chains.take(tx)
		if err != nil {
			return err
		}
		current.chain, current.seq, current.hash, current.moved = taken, taken.seq, taken.hash, taken.seq
	}
	err := t.append(tx, current, occurrences)
	if err == nil && !current.isTogether {
		err = current.move(tx)
	}
	return current.note(err)
}

// note keeps others from following an event that could not be stored.
func (c *transaction) note(err error) error {
	if err != nil {
		c.failed, c.isForked = true, errors.Is(err, errForked)
	}
	return err
}

// Together runs work in a transaction that records many events, and moves the end of their
// chain once, after the last of them: PostgreSQL looks through all versions of a row that a
// transaction has changed before.
func Together(tx core.App, work func() error) error {
	trail := Of(tx)
	if trail == nil {
		return work()
	}
	current := trail.transactionOf(tx)
	if current == nil {
		return errors.New("events are recorded together in a transaction only")
	}
	current.isTogether = true
	if err := work(); err != nil {
		return err
	}
	current.isTogether = false
	if current.chain == nil || current.failed {
		return nil
	}
	return current.note(current.move(tx))
}

// append appends events to the transaction's chain.
func (t *Trail) append(tx core.App, current *transaction, occurrences []*occurrence) error {
	if current.failed {
		return errFailed
	}
	before, events, texts, now := current.hash, make([]entry, len(occurrences)), make([]byte, 0, textSize*len(occurrences)), time.Now()
	ends := make([]int, len(events))
	for i, happened := range occurrences {
		event, set := happened.prepare()
		if err := t.storeSet(tx, current, set); err != nil {
			return err
		}
		event.ID, event.Chain, event.Seq = current.chain.ids.next(now), current.chain.id, current.seq+1
		var hash string
		var err error
		if texts, hash, err = event.link(texts, current.hash); err != nil {
			return err
		}
		ends[i], texts = len(texts), append(texts, '\n')
		events[i] = entry{id: event.ID, subject: event.subject(), hash: hash, stored: *event}
		current.seq, current.hash = event.Seq, hash
	}
	if isSealed, err := t.sealAtOnce(tx, before, events, texts); isSealed || err != nil {
		return err
	}
	begin, all := 0, string(texts)
	for i, end := range ends {
		events[i].text = all[begin:end]
		begin = end + 1
	}
	return insertRows(tx, events, t.onSQLite)
}

// textSize is about how long the text of an event is.
const textSize = 512

// move moves the end of the chain in its row to that of the transaction.
func (c *transaction) move(tx core.App) error {
	result, err := tx.DB().NewQuery("UPDATE audit_chains SET seq = {:seq}, hash = {:hash} WHERE id = {:id} AND seq = {:before}").
		Bind(dbx.Params{"seq": c.seq, "hash": c.hash, "id": c.chain.id, "before": c.moved}).Execute()
	if err != nil {
		return err
	}
	if changed, err := result.RowsAffected(); err != nil || changed != 1 {
		return errForked
	}
	c.moved = c.seq
	return nil
}

// storeSet stores a set, unless it is nil or the chain has stored it already: what is
// lost with the end of a chain is stored again for others.
func (t *Trail) storeSet(tx core.App, current *transaction, set *recordSet) error {
	if set == nil {
		return nil
	}
	if _, stored := t.sets.Get(current.chain.id + set.id); stored {
		return nil
	}
	current.sets = append(current.sets, set.id)
	_, err := tx.DB().NewQuery(`INSERT INTO audit_record_sets (id, day, owner, records, patients)
		VALUES ({:id}, {:day}, {:owner}, {:records}, {:patients}) ON CONFLICT (id) DO NOTHING`).
		Bind(dbx.Params{"id": set.id, "day": set.day, "owner": set.owner, "records": set.records, "patients": set.patients}).Execute()
	return err
}

// rowColumns are those of audit_log.
var rowColumns = [...]string{"id", "subject", "hash", "event"}

// rowsAtOnce are the numbers of rows of a statement, the highest first: one statement of
// many rows costs less than many of one.
var rowsAtOnce = [...]int{32, 8, 1}

// rowParameters are the names of the parameters of a row's values.
var rowParameters = func() (names [32][len(rowColumns)]string) {
	for row := range names {
		for i, column := range rowColumns {
			names[row][i] = column + strconv.Itoa(row)
		}
	}
	return names
}()

// insertStatement returns the statement that inserts some rows. SQLite keeps a journal to
// undo a statement of many rows, unless the statement says that the rows before one that
// fails stay: the transaction ends with the failure.
func insertStatement(rows int, onSQLite bool) string {
	insert := "INSERT INTO"
	if onSQLite && rows > 1 {
		insert = "INSERT OR FAIL INTO"
	}
	values := make([]string, rows)
	for i := range values {
		values[i] = "({:" + strings.Join(rowParameters[i][:], "},{:") + "})"
	}
	return insert + " audit_log (" + strings.Join(rowColumns[:], ", ") + ") VALUES " + strings.Join(values, ",")
}

// insertRows inserts rows, as many as possible per statement.
func insertRows(tx core.App, rows []entry, onSQLite bool) error {
	for _, size := range rowsAtOnce {
		count := len(rows) / size
		if count == 0 {
			continue
		}
		if err := insertAlike(tx, rows[:count*size], size, onSQLite); err != nil {
			return err
		}
		rows = rows[count*size:]
	}
	return nil
}

// insertAlike inserts rows with one statement per size rows.
func insertAlike(tx core.App, rows []entry, size int, onSQLite bool) error {
	query := tx.DB().NewQuery(insertStatement(size, onSQLite))
	params := make(dbx.Params, len(rowColumns)*size)
	for chunk := range slices.Chunk(rows, size) {
		for i := range chunk {
			row, names := &chunk[i], &rowParameters[i]
			params[names[0]], params[names[1]], params[names[2]], params[names[3]] = row.id, row.subject, row.hash, row.text
		}
		if _, err := query.Bind(params).Execute(); err != nil {
			return err
		}
	}
	return nil
}

// setsRemembered is how many ids of stored sets are remembered; inserting another
// one again changes nothing.
const setsRemembered = 20_000
