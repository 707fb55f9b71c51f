package testapp

import (
	"bytes"
	"sync"
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

// logKey is where an app's store has its log.
const logKey = "testapp.log"

// Logged is what the server has logged for operators so far.
func (s *Server) Logged() string {
	log := s.App.Store().Get(logKey).(*log)
	log.mutex.Lock()
	defer log.mutex.Unlock()
	return log.written.String()
}
