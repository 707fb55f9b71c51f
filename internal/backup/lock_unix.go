//go:build unix

package backup

import (
	"os"
	"syscall"
)

// tryLock locks a file, or changes the lock that it has, without waiting. The
// end of the process releases it.
func tryLock(file *os.File, alone bool) error {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	return syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
}
