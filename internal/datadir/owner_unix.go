//go:build unix

package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// Inherit gives what root owns at a name in a directory, and below it, the owner of the
// directory: a command that root runs creates files that the service, which runs as
// another user, must open. The name is relative; "." is everything in the directory. It
// does nothing in a process of another user, or if there is nothing of the name. It
// follows no symlinks below the directory, whose owner may have placed them.
func Inherit(directory, name string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, known := info.Sys().(*syscall.Stat_t)
	if !known || owner.Uid == 0 {
		return nil
	}
	root, err := os.OpenRoot(directory)
	if err != nil {
		return err
	}
	defer root.Close()
	err = fs.WalkDir(root.FS(), name, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = inherit(root, path, entry, owner)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed in the meantime
		}
		return err
	})
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) {
		return nil // a container's root that may not change owners, and then is the service too
	}
	if err != nil {
		return fmt.Errorf("failed to give files in %s its owner: %w", directory, err)
	}
	return nil
}

// inherit is Inherit for one file or directory.
func inherit(root *os.Root, path string, entry fs.DirEntry, owner *syscall.Stat_t) error {
	info, err := entry.Info()
	if err != nil || !ofRoot(info) {
		return err
	}
	// Again, through the root: the path may have become a link meanwhile.
	if info, err = root.Lstat(path); err != nil || !ofRoot(info) {
		return err
	}
	return root.Lchown(path, int(owner.Uid), int(owner.Gid))
}

// ofRoot reports whether a file or directory is root's, and in one place only: the other
// name of a file with two may be the system's.
func ofRoot(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return known && stat.Uid == 0 && (info.IsDir() || info.Mode().IsRegular() && stat.Nlink == 1)
}
