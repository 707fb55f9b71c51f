// Compare reads two outputs of go test -json, on SQLite and on PostgreSQL, and
// prints both counts and the tests whose outcomes differ. It exits with status
// 1 if a test passes on SQLite only and is not listed as an exception.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: compare SQLITE.json POSTGRES.json EXCEPTIONS")
		os.Exit(2)
	}
	ok, err := compare(os.Stdout, os.Args[1], os.Args[2], os.Args[3])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func compare(out io.Writer, sqliteFile, postgresFile, exceptionsFile string) (bool, error) {
	sqlite, err := outcomes(sqliteFile)
	if err != nil {
		return false, err
	}
	postgres, err := outcomes(postgresFile)
	if err != nil {
		return false, err
	}
	exceptions, err := readExceptions(exceptionsFile)
	if err != nil {
		return false, err
	}
	printCounts(out, sqlite, postgres)
	ok := true
	for _, name := range sorted(sqlite) {
		if sqlite[name] != "pass" || postgres[name] == "pass" {
			continue
		}
		outcome := postgres[name]
		if outcome == "" {
			outcome = "did not run"
		}
		if reason, known := exceptions[name]; known {
			fmt.Fprintf(out, "  exception  %s: %s\n", name, reason)
			continue
		}
		ok = false
		parent, _, isSubtest := strings.Cut(name, "/")
		if isSubtest && outcome == "did not run" && postgres[parent] == "" {
			continue // its parent is reported
		}
		fmt.Fprintf(out, "  %s  %s\n", strings.ToUpper(outcome), name)
	}
	for _, name := range sorted(postgres) {
		if postgres[name] == "pass" && sqlite[name] == "fail" {
			fmt.Fprintf(out, "  passes on PostgreSQL only  %s\n", name)
		}
	}
	return ok, nil
}

// random matches the parts of subtest names that differ in each run: times,
// addresses and file names.
var random = regexp.MustCompile(`time\.Date\([^)]*\)|0x[0-9a-f]{6,}|_[a-z0-9]{10}\.`)

// outcomes returns the outcome of each test and subtest, by package and name.
func outcomes(file string) (map[string]string, error) {
	input, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer input.Close()
	result := map[string]string{}
	lines := bufio.NewScanner(input)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var event struct{ Action, Package, Test string }
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			continue // output of the compiler
		}
		switch event.Action {
		case "pass", "fail", "skip":
			name := strings.TrimPrefix(event.Package, "github.com/pocketbase/pocketbase/")
			if event.Test != "" {
				result[name+" "+random.ReplaceAllString(event.Test, "")] = event.Action
			}
		}
	}
	return result, lines.Err()
}

// readExceptions reads lines of the form "package test: reason".
func readExceptions(file string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	result := map[string]string{}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, ": ")
		if !ok {
			return nil, fmt.Errorf("exception without a reason: %s", line)
		}
		result[name] = reason
	}
	return result, nil
}

func printCounts(out io.Writer, sqlite, postgres map[string]string) {
	packages := map[string]bool{}
	for name := range sqlite {
		packages[strings.Fields(name)[0]] = true
	}
	fmt.Fprintf(out, "%-24s %23s %23s\n", "passed/all", "SQLite tests+subtests", "PostgreSQL")
	for _, name := range sorted(packages) {
		fmt.Fprintf(out, "%-24s %23s %23s\n", name, count(sqlite, name), count(postgres, name))
	}
}

func count(all map[string]string, packageName string) string {
	var tests, testsPassed, subtests, subtestsPassed int
	for name, result := range all {
		in, test, _ := strings.Cut(name, " ")
		if in != packageName || result == "skip" {
			continue
		}
		passed := 0
		if result == "pass" {
			passed = 1
		}
		if strings.Contains(test, "/") {
			subtests, subtestsPassed = subtests+1, subtestsPassed+passed
		} else {
			tests, testsPassed = tests+1, testsPassed+passed
		}
	}
	return fmt.Sprintf("%d/%d, %d/%d", testsPassed, tests, subtestsPassed, subtests)
}

func sorted[V any](values map[string]V) []string {
	var names []string
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
