//go:build unix

package backup

import (
	"errors"
	"os"
	"syscall"
)

// isTaken reports whether tryLock failed because another process has the lock.
func isTaken(err error) bool { return errors.Is(err, syscall.EWOULDBLOCK) }

// tryLock locks a file, or changes its lock between shared and exclusive, without
// waiting. The lock ends with the process at the latest.
func tryLock(file *os.File, alone bool) error {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	return syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
}
