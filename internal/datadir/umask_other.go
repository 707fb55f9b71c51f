//go:build !unix

package datadir

// RestrictUmask does nothing on systems without a umask.
func RestrictUmask() {}
