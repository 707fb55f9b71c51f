// Package deploy tests the files of deploy/ with the programs that they are for, or
// with what can check them without these programs.
package deploy
