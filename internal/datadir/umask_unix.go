//go:build unix

package datadir

import "syscall"

// RestrictUmask makes all files and directories that the process creates from now on
// accessible to its own user only.
func RestrictUmask() { syscall.Umask(0o077) }
