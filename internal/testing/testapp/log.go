package testapp

import (
	"bytes"
	"sync"
)

// log buffers an app's log output.
type log struct {
	mutex   sync.Mutex
	written bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.written.Write(line)
}

// logKey is the key of the log in an app's store.
const logKey = "testapp.log"

// Logged returns everything that the server has logged so far.
func (s *Server) Logged() string {
	output := s.App.Store().Get(logKey).(*log)
	output.mutex.Lock()
	defer output.mutex.Unlock()
	return output.written.String()
}
