//go:build unix

package datadir

import "syscall"

// RestrictUmask makes every file and directory that the process creates from now on
// accessible to its own user only.
func RestrictUmask() { syscall.Umask(0o077) }
