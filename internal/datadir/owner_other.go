//go:build !unix

package datadir

// Inherit does nothing on systems without owners.
func Inherit(directory, name string) error { return nil }
