// Package module finds the files of the module that a test is in.
package module

import (
	"os"
	"path/filepath"
)

// Root returns the root directory of the module.
func Root() string {
	directory, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(directory, "go.mod")); err == nil {
			return directory
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			err = os.ErrNotExist
		}
		directory = parent
	}
	panic(err)
}
