package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

// dotenv is the name of the file in the working directory.
const dotenv = ".env"

// maxDotenv is the maximum size of a .env file in bytes.
const maxDotenv = 256 << 10

// byteOrderMark is how editors on Windows begin a UTF-8 file.
const byteOrderMark = "\ufeff"

// readDotenv returns the variables of a .env file; none if there is no such file. An
// error names the line, but not what is on it: it may be a secret.
func readDotenv(name string) (map[string]string, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	var content []byte
	if err == nil {
		defer file.Close()
		content, err = io.ReadAll(io.LimitReader(file, maxDotenv+1))
	}
	var unreadable *fs.PathError
	switch {
	case errors.As(err, &unreadable):
		return nil, fmt.Errorf("%s cannot be read: %w", name, unreadable.Err)
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", name, err)
	case len(content) > maxDotenv:
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxDotenv)
	}
	text := string(bytes.TrimPrefix(content, []byte(byteOrderMark)))
	variables, valid := parseDotenv(text)
	if !valid {
		return nil, fmt.Errorf("%s, line %d: a line must be NAME=value, or empty, or a # comment", name, badLine(text))
	}
	return variables, nil
}

// parseDotenv returns the variables of a text, and whether each of its lines is valid.
func parseDotenv(text string) (variables map[string]string, valid bool) {
	variables, err := godotenv.Unmarshal(text)
	_, nameless := variables[""]
	return variables, err == nil && !nameless
}

// Misspelt returns the names in .env that are no variables of the configuration and do
// nothing, in order.
func Misspelt() ([]string, error) {
	found, err := readDotenv(dotenv)
	for field := range reflect.TypeFor[variables]().Fields() {
		delete(found, field.Tag.Get("env"))
	}
	return slices.Sorted(maps.Keys(found)), err
}

// badLine returns the number of the line at which an invalid text stops being valid.
// A quoted value may have several lines, so that the longest valid beginning decides.
func badLine(text string) int {
	lines := strings.SplitAfter(text, "\n")
	for n := len(lines) - 1; n > 0; n-- {
		if _, valid := parseDotenv(strings.Join(lines[:n], "")); valid {
			return n + 1
		}
	}
	return 1
}
