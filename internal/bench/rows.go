package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/sqlite"
)

const (
	// few is how many patients the other user has in measureRows.
	few = 100
	// requests is how often each request is sent: /proc counts in 10 ms.
	requests = 40
	// notes are those of all of the other user's patients: long words have many parts.
	notes = "Diabetic polyneuropathy, electroencephalography twice a year"
)

// grown are the requests whose cost may grow with the caller's rows.
var grown = []operation{
	{"overview", "GET", fixed("/api/overview/"), nil, http.StatusOK},
	{"page of 30, newest first", "GET", fixed("/api/patients/?page=1&page_size=30"), nil, http.StatusOK},
	{"by name, first page", "GET", fixed("/api/patients/?ordering=name&page=1&page_size=30"), nil, http.StatusOK},
	{"by -age, second page", "GET", fixed("/api/patients/?ordering=-age&page=2&page_size=30"), nil, http.StatusOK},
	{"by name, last page", "GET", fixed("/api/patients/?ordering=name&page=last&page_size=30"), nil, http.StatusOK},
	{"age=34, a page", "GET", fixed("/api/patients/?age=34&page=1&page_size=30"), nil, http.StatusOK},
	{"search, one hit", "GET", fixed("/api/patients/?search=PATI%C3%8BNT+77777"), nil, http.StatusOK},
	{"search, no hit", "GET", fixed("/api/patients/?search=xyzzy"), nil, http.StatusOK},
	{"search, two letters without a hit", "GET", fixed("/api/patients/?search=xq"), nil, http.StatusOK},
	{"search, all hit, a page", "GET", fixed("/api/patients/?search=diabetic&page=1&page_size=30"), nil, http.StatusOK},
	{"search, all hit by one letter, a page", "GET", fixed("/api/patients/?search=e&page=1&page_size=30"), nil, http.StatusOK},
	{"search, all hit, another text each time", "GET", substrings(6, 9), nil, http.StatusOK},
	{"search, all hit, other two letters each time", "GET", substrings(2, 3), nil, http.StatusOK},
	{"create", "POST", fixed("/api/patients/"), newPatient, http.StatusCreated},
}

// substrings returns paths that search for another part of everybody's notes each time,
// of at least and less than some letters: what is counted once is remembered.
func substrings(least, less int) func(string) string {
	var texts []string
	for length := least; length < less; length++ {
		for at := 0; at+length <= len(notes); at++ {
			if text := notes[at : at+length]; !strings.ContainsAny(text, " ,") {
				texts = append(texts, text)
			}
		}
	}
	var next atomic.Int64
	return func(string) string {
		return "/api/patients/?page=1&page_size=30&search=" + texts[int(next.Add(1))%len(texts)]
	}
}

// measureRows prints the processor time of requests of a user with many patients and
// of one with few.
func measureRows(ctx context.Context, options options) (err error) {
	directory, err := os.MkdirTemp("", "carebase-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	data := filepath.Join(directory, "pb_data")
	callers, err := fillUnevenly(data, options.patients)
	if err != nil {
		return err
	}
	if err := keepSize(filepath.Join(data, "data.db"), options); err != nil {
		return err
	}
	binary, err := build(ctx, directory, "carebase")
	if err != nil {
		return err
	}
	environments, err := environmentsOf(ctx, directory, data, options.postgres)
	if err != nil {
		return err
	}
	for i, environment := range environments {
		fmt.Printf("\n| %s | %d patients (ms) | %d patients (ms) | ratio |\n|---|---|---|---|\n", []string{"SQLite", "PostgreSQL, Carebase's process alone"}[i], few, options.patients)
		server, err := startServer(binary, directory, environment...)
		if err != nil {
			return err
		}
		if err := errors.Join(compareRows(ctx, server, callers), server.stop()); err != nil {
			return err
		}
	}
	return keepLogSize(filepath.Join(data, "auxiliary.db"), options)
}

// keepLogSize prints what a request takes in the request log.
func keepLogSize(name string, options options) (err error) {
	database, err := sqlite.Connect(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	var each float64
	err = database.NewQuery("SELECT 1.0 * sum(pgsize) / (SELECT count(*) FROM _logs) FROM dbstat WHERE name LIKE '%\\_logs%' ESCAPE '\\'").Row(&each)
	if err != nil {
		return err
	}
	fmt.Printf("\n%.0f bytes per row of the request log\n", each)
	return options.keep(map[string]float64{"log.row": math.Round(each)})
}

// keepSize prints what a patient takes in the database.
func keepSize(database string, options options) error {
	file, err := os.Stat(database)
	if err != nil {
		return err
	}
	each := float64(file.Size()) / float64(options.patients)
	fmt.Printf("%.0f bytes per patient\n", each)
	return options.keep(map[string]float64{"patient.bytes": math.Round(each)})
}

// fillUnevenly makes a data directory with a user of few patients and one of many.
func fillUnevenly(directory string, many int) ([]caller, error) {
	callers, err := fill(directory, 2, 2*few)
	if err != nil {
		return nil, err
	}
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory})
	if err := app.Bootstrap(); err != nil {
		return nil, err
	}
	err = app.RunInTransaction(func(app core.App) error { return fillPatients(app, callers[1:], many-few, notes) })
	if err == nil {
		err = app.RunInTransaction(indexAll)
	}
	return callers, errors.Join(err, app.ResetBootstrapState())
}

// indexAll does what the server does by and by: what is searched otherwise is not what is
// measured.
func indexAll(app core.App) error {
	for _, index := range collections.SearchIndexes() {
		for kept := true; kept; {
			var err error
			if kept, err = index.Keep(context.Background(), app.DB()); err != nil {
				return err
			}
		}
	}
	return nil
}

func compareRows(ctx context.Context, server *server, callers []caller) error {
	for _, operation := range grown {
		var spent [2]time.Duration
		for i := range spent {
			var err error
			if spent[i], err = spend(ctx, server, operation, callers[i:i+1]); err != nil {
				return fmt.Errorf("%s: %w", operation.name, err)
			}
		}
		fmt.Printf("| %s | %.2f | %.2f | %.1f |\n", operation.name, spent[0].Seconds()*1000, spent[1].Seconds()*1000, float64(spent[1])/float64(max(spent[0], 1)))
	}
	return nil
}

// spend returns the processor time that the server needs for a request in the mean.
func spend(ctx context.Context, server *server, operation operation, callers []caller) (time.Duration, error) {
	client := &http.Client{Timeout: time.Minute}
	defer client.CloseIdleConnections()
	before := time.Duration(0)
	for i := range requests + 2 {
		if i == 2 { // the first ones warm up
			var err error
			if before, err = server.processorTime(); err != nil {
				return 0, err
			}
		}
		if err := send(ctx, client, server.origin, operation, callers); err != nil {
			return 0, err
		}
	}
	after, err := server.processorTime()
	return (after - before) / requests, err
}
