package datadir

import (
	"errors"
	"os"
)

// Sync writes a file, or the names in a directory, to the disk, so that they survive a
// power cut.
func Sync(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
