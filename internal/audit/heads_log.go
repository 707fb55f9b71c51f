package audit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/config"
)

const (
	// headsTimeout bounds reading the heads and writing them to their place.
	headsTimeout = time.Minute
	// maxUnchanged is the maximum number of heads that are always written. Of more
	// chains, only the changed ones are, and all of them once a day.
	maxUnchanged = 256
)

// headsLog writes the heads of the chains to the log, and to a place outside the
// database if there is one, at an interval and when the app ends.
type headsLog struct {
	app      core.App
	log      *slog.Logger
	settings config.AuditHeads
	timeout  time.Duration // of the last writing, when the app ends

	written     map[string]int64 // the last written number of each chain
	completedAt time.Time        // when all heads were last written

	mutex sync.Mutex
	quit  chan struct{} // nil while it is not running
	ended chan error
}

// bindHeads writes heads while the app serves.
func (t *Trail) bindHeads() {
	log := t.heads
	if log.settings.Interval == 0 {
		return
	}
	t.app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if err := e.Next(); err != nil {
			return err
		}
		log.start() // a server that does not start has nothing to tell
		return nil
	})
}

// HeadsSettings returns when and where the heads are written.
func (t *Trail) HeadsSettings() config.AuditHeads { return t.heads.settings }

func (l *headsLog) start() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.quit == nil {
		l.quit, l.ended = make(chan struct{}), make(chan error, 1)
		go l.run(l.quit, l.ended)
	}
}

func (l *headsLog) run(quit chan struct{}, ended chan error) {
	tick := time.NewTicker(l.settings.Interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			l.report(l.write())
		case <-quit:
			ended <- l.write()
			return
		}
	}
}

// stop writes the heads once more. It gives up on a place that does not answer.
func (l *headsLog) stop() {
	l.mutex.Lock()
	quit, ended := l.quit, l.ended
	l.quit = nil
	l.mutex.Unlock()
	if quit == nil {
		return
	}
	close(quit)
	select {
	case err := <-ended:
		l.report(err)
	case <-time.After(l.timeout):
		l.report(context.DeadlineExceeded)
	}
}

func (l *headsLog) report(err error) {
	if err != nil {
		l.log.Error("failed to write audit heads", "error", err.Error())
		l.app.Logger().Error("failed to write audit heads", "error", err)
	}
}

func (l *headsLog) write() error {
	ctx, cancel := context.WithTimeout(context.Background(), headsTimeout)
	defer cancel()
	// A chain that is pruned as a whole has nothing left to compare.
	heads := []Head{}
	err := l.app.ConcurrentDB().Select("id", "seq", "hash").From("audit_chains").
		Where(dbx.NewExp("[[seq]] > [[checkpoint_seq]]")).OrderBy("id").WithContext(ctx).All(&heads)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	due := l.due(heads, now)
	l.log.Info("audit heads", "audit_heads", due)
	if l.settings.Place != nil {
		if err := appendHeads(ctx, l.settings.Place, NoteHeads(due)); err != nil {
			l.completedAt = time.Time{} // the next writing has all of them
			return err
		}
	}
	l.wrote(heads, len(due) == len(heads), now)
	return nil
}

func (l *headsLog) wrote(heads []Head, complete bool, now time.Time) {
	if complete {
		l.completedAt = now
	}
	l.written = make(map[string]int64, len(heads))
	for _, head := range heads {
		l.written[head.Chain] = head.Seq
	}
}

// due returns the heads to write.
func (l *headsLog) due(heads []Head, now time.Time) []Head {
	if len(heads) <= maxUnchanged || l.completedAt.Format(time.DateOnly) != now.Format(time.DateOnly) {
		return heads
	}
	changed := []Head{}
	for _, head := range heads {
		if l.written[head.Chain] != head.Seq {
			changed = append(changed, head)
		}
	}
	return changed
}
