//go:build unix

package backup

import (
	"os"
	"syscall"
)

// tryLock locks a file, or changes its lock between shared and exclusive, without
// waiting. The lock ends with the process at the latest.
func tryLock(file *os.File, alone bool) error {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	return syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
}
