//go:build !linux

package server

// releaseStartPages does nothing on other systems.
func releaseStartPages() {}

// release does nothing on other systems.
func release([]byte) {}
