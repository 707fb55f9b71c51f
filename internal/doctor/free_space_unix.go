//go:build linux || darwin

package doctor

import "golang.org/x/sys/unix"

// freeSpace returns how many bytes this user may still write on a directory's disk.
func freeSpace(directory string) (bytes uint64, known bool) {
	var disk unix.Statfs_t
	if err := unix.Statfs(directory, &disk); err != nil {
		return 0, false
	}
	return uint64(disk.Bavail) * uint64(disk.Bsize), true
}
