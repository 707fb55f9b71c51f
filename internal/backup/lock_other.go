//go:build !unix

package backup

import "os"

// tryLock does nothing on systems such as Windows, where open files cannot be
// renamed anyway.
func tryLock(*os.File, bool) error { return nil }

// isTaken reports nothing on these systems.
func isTaken(error) bool { return false }
