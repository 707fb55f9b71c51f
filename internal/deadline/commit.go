package deadline

import (
	"errors"
	"time"
)

// answerTime is what is left at least for the answer to what was committed. A request
// gets as much more in all.
const answerTime = time.Second

// Commit commits a transaction, or rolls it back if the work has ended. The work does not
// end while a commit waits, perhaps for others, nor right after it: what is stored must
// not be answered with an error. Without work it commits.
func (w *Work) Commit(commit, rollBack func() error) error {
	if w == nil {
		return commit()
	}
	w.Pause()
	defer w.Resume()
	if err := w.Err(); err != nil {
		return errors.Join(err, rollBack())
	}
	err := commit()
	if err == nil {
		w.prolong()
	}
	return err
}

func (w *Work) prolong() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	more := min(max(answerTime-w.left, 0), answerTime-w.prolonged)
	w.left += more
	w.prolonged += more
}
