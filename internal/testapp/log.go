package testapp

import (
	"bytes"
	"sync"

	"github.com/pocketbase/pocketbase/core"
)

// log is what an app writes to where operators read.
type log struct {
	mutex   sync.Mutex
	written bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.written.Write(line)
}

func logOf(app core.App) *log {
	return app.Store().GetOrSet("testapp.log", func() any { return new(log) }).(*log)
}

// Logged is what the server has logged for operators so far.
func (s *Server) Logged() string {
	log := logOf(s.App)
	log.mutex.Lock()
	defer log.mutex.Unlock()
	return log.written.String()
}
