package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
	"carebase/internal/sqlite"
)

// deleted is what measureDeletion deletes, by a user.
type deleted struct {
	name, collection, id string
	by                   caller
	// plain is the same in SQL, with a ? for the id.
	plain []string
}

const (
	// writeEvery is the pause between two writes of somebody else meanwhile.
	writeEvery = 5 * time.Millisecond
	// undisturbed is how long others write without a deletion, at least; more if that
	// takes longer, so that their longest waits compare.
	undisturbed = 3 * time.Second
	// deletionTimeout bounds one deletion.
	deletionTimeout = 20 * time.Minute
)

// measureDeletion compares deletions of a doctor with many mappings and of a user
// with many patients with the same in SQL, and says how long others wait to write.
func measureDeletion(ctx context.Context, options options) (err error) {
	directory, err := os.MkdirTemp("", "carebase-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	data := filepath.Join(directory, "pb_data")
	deletions, writer, err := fillForDeletion(data, options.patients)
	if err != nil {
		return err
	}
	command := "carebase"
	if options.profile != "" {
		command = "carebase/internal/bench/profiled"
	}
	binary, err := build(ctx, directory, command)
	if err != nil {
		return err
	}
	fmt.Println("| engine | deleted | plain SQL (s) | whole (s) | ratio | processor: plain SQL (s) | whole (s) | answer (ms) | others' writes meanwhile, p50, p99, max (ms) | without a deletion |\n|---|---|---|---|---|---|---|---|---|---|")
	environments, err := environmentsOf(ctx, directory, data, options.postgres)
	if err != nil {
		return err
	}
	for i, environment := range environments {
		name, plain := "SQLite", func(each deleted) (time.Duration, error) { return plainOnSQLite(ctx, directory, data, each) }
		if i > 0 {
			name, plain = "PostgreSQL", func(each deleted) (time.Duration, error) { return plainOnPostgreSQL(ctx, options.postgres, each) }
		}
		if options.profile != "" {
			environment = append(environment, "PROFILE_DIR="+filepath.Join(options.profile, name))
		}
		if err := measureDeletionsOn(ctx, name, binary, directory, environment, plain, deletions, writer); err != nil {
			return err
		}
	}
	return nil
}

func measureDeletionsOn(ctx context.Context, name, binary, directory string, environment []string, plain func(deleted) (time.Duration, error), deletions []deleted, writer caller) error {
	for _, each := range deletions {
		// A start makes what the database derives from the records.
		server, err := startServer(binary, directory, environment...)
		if err == nil {
			err = server.stop()
		}
		if err != nil {
			return err
		}
		before := ownProcessorTime()
		inSQL, err := plain(each)
		if err != nil {
			return err
		}
		spent := ownProcessorTime() - before // PostgreSQL's is not in it
		if server, err = startServer(binary, directory, environment...); err != nil {
			return err
		}
		measured, err := deleteMeanwhile(ctx, server, each, writer)
		if err = errors.Join(err, server.stop()); err != nil {
			return err
		}
		fmt.Printf("| %s | %s | %.2f | %.2f | %.1f | %.2f | %.2f | %d | %s | %s |\n", name, each.name, inSQL.Seconds(), measured.whole.Seconds(),
			measured.whole.Seconds()/inSQL.Seconds(), spent.Seconds(), measured.processor.Seconds(), measured.answer.Milliseconds(),
			rendered(measured.meanwhile), rendered(measured.undisturbed))
	}
	return nil
}

// fillForDeletion makes a data directory with a user of many patients, each treated by
// two doctors of another user, and with somebody who writes.
func fillForDeletion(directory string, patients int) (deletions []deleted, writer caller, err error) {
	callers, err := fill(directory, 3, 3)
	if err != nil {
		return nil, caller{}, err
	}
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory})
	if err := app.Bootstrap(); err != nil {
		return nil, caller{}, err
	}
	owner, colleague, writer := callers[0], callers[1], callers[2]
	doctors := []string{"1", "2"}
	err = app.RunInTransaction(func(app core.App) error {
		if err := fillPatients(app, callers[:1], patients, usualNotes); err != nil {
			return err
		}
		for _, doctor := range doctors {
			if err := fillMappings(app, colleague.id, doctor, callers[0]); err != nil {
				return err
			}
		}
		return nil
	})
	return []deleted{
		{fmt.Sprintf("a doctor with %d mappings", patients), collections.Doctors, doctors[0], colleague,
			[]string{"DELETE FROM mappings WHERE doctor = ?", "DELETE FROM doctors WHERE id = ?"}},
		{fmt.Sprintf("a user with %d patients and mappings", patients), collections.Users, owner.id, owner,
			[]string{"DELETE FROM mappings WHERE created_by = ?", "DELETE FROM patients WHERE created_by = ?", "DELETE FROM users WHERE id = ?"}},
	}, writer, errors.Join(err, app.ResetBootstrapState())
}

// fillMappings makes a doctor who treats all patients of a user.
func fillMappings(app core.App, colleague, doctor string, owner caller) error {
	now := types.NowDateTime().String()
	_, err := app.DB().Insert(collections.Doctors, dbx.Params{
		"id": doctor, "created_by": colleague, "created_at": now, "name": "Doctor " + doctor, "speciality": "Nephrology",
	}).Execute()
	if err != nil {
		return err
	}
	_, err = app.DB().NewQuery(`INSERT INTO mappings (id, created_by, created_at, patient, doctor, assigned_at)
		SELECT substr(lower(hex(randomblob(8))), 1, 15), created_by, {:now}, id, {:doctor}, {:now} FROM patients WHERE created_by = {:owner}`).
		Bind(dbx.Params{"now": now, "doctor": doctor, "owner": owner.id}).Execute()
	return err
}

// plainOnSQLite deletes in a copy of the database, which no server has open.
func plainOnSQLite(ctx context.Context, directory, data string, each deleted) (took time.Duration, err error) {
	target := filepath.Join(directory, "plain.db")
	content, err := os.ReadFile(filepath.Join(data, "data.db"))
	if err == nil {
		err = os.WriteFile(target, content, 0o600)
	}
	if err != nil {
		return 0, err
	}
	database, err := sqlite.Connect(target)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, database.Close(), os.Remove(target)) }()
	begun := time.Now()
	transaction, err := database.DB().BeginTx(ctx, nil)
	for _, statement := range each.plain {
		if err == nil {
			_, err = transaction.ExecContext(ctx, statement, each.id)
		}
	}
	if err == nil {
		err = transaction.Commit()
	}
	return time.Since(begun), err
}

// plainOnPostgreSQL deletes in a transaction that is rolled back.
func plainOnPostgreSQL(ctx context.Context, url string, each deleted) (took time.Duration, err error) {
	connection, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, connection.Close(ctx)) }()
	if _, err := connection.Exec(ctx, "SET search_path = data, sqlite"); err != nil {
		return 0, err
	}
	begun := time.Now()
	transaction, err := connection.Begin(ctx)
	for _, statement := range each.plain {
		if err == nil {
			_, err = transaction.Exec(ctx, strings.ReplaceAll(statement, "?", "$1"), each.id)
		}
	}
	took = time.Since(begun)
	if err != nil {
		return 0, err
	}
	return took, transaction.Rollback(ctx)
}

// deletionResult is what a deletion came to.
type deletionResult struct {
	answer, whole time.Duration
	// processor is the processor time of the server meanwhile.
	processor time.Duration
	// meanwhile and undisturbed are how long others' writes took.
	meanwhile, undisturbed []time.Duration
}

// deleteMeanwhile deletes while somebody else writes, and waits until nothing is left.
// Then the other one writes for as long again.
func deleteMeanwhile(ctx context.Context, server *server, each deleted, writer caller) (measured deletionResult, err error) {
	ctx, cancel := context.WithTimeout(ctx, deletionTimeout)
	defer cancel()
	client := &http.Client{}
	defer client.CloseIdleConnections()
	write := func(work func() error) ([]time.Duration, error) {
		return writeMeanwhile(ctx, client, server.origin, writer, work)
	}
	pause := func(length time.Duration) func() error {
		return func() error {
			time.Sleep(length)
			return nil
		}
	}
	if _, err := write(pause(time.Second)); err != nil { // to warm up
		return measured, err
	}
	before, err := server.processorTime()
	if err != nil {
		return measured, err
	}
	if measured.meanwhile, err = write(func() error { return measured.delete(ctx, client, server.origin, each) }); err != nil {
		return measured, err
	}
	after, err := server.processorTime()
	if err != nil {
		return measured, err
	}
	measured.processor = after - before
	measured.undisturbed, err = write(pause(max(undisturbed, measured.whole)))
	return measured, err
}

// delete deletes, and waits until nothing is left.
func (r *deletionResult) delete(ctx context.Context, client *http.Client, origin string, each deleted) error {
	begun := time.Now()
	path := "/api/collections/" + each.collection + "/records/" + each.id
	err := send(ctx, client, origin, operation{method: http.MethodDelete, path: fixed(path), status: http.StatusNoContent}, []caller{each.by})
	r.answer = time.Since(begun)
	for left := true; left && err == nil; {
		left, err = isLeft(ctx, client, origin)
	}
	r.whole = time.Since(begun)
	return err
}

// writeMeanwhile creates patients while something else is done, and returns how long
// each took, in order of length.
func writeMeanwhile(ctx context.Context, client *http.Client, origin string, writer caller, work func() error) (waits []time.Duration, err error) {
	var group sync.WaitGroup
	var failure error
	ended := make(chan struct{})
	group.Go(func() {
		for {
			select {
			case <-ended:
				return
			case <-time.After(writeEvery):
			}
			begun := time.Now()
			if failure = send(ctx, client, origin, operations[len(operations)-2], []caller{writer}); failure != nil {
				return
			}
			waits = append(waits, time.Since(begun))
		}
	})
	err = work()
	close(ended)
	group.Wait()
	slices.Sort(waits)
	if err = errors.Join(err, failure); err == nil && len(waits) == 0 {
		err = errors.New("nobody else wrote meanwhile")
	}
	return waits, err
}

// rendered returns p50, p99 and maximum in milliseconds.
func rendered(waits []time.Duration) string {
	return fmt.Sprintf("%d, %d, %d", waits[len(waits)/2].Milliseconds(), waits[len(waits)*99/100].Milliseconds(), waits[len(waits)-1].Milliseconds())
}

// isLeft asks /readyz whether anything is left of deleted records, not so often that the
// answers take the deletion's time.
func isLeft(ctx context.Context, client *http.Client, origin string) (bool, error) {
	time.Sleep(50 * time.Millisecond)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/readyz", nil)
	if err != nil {
		return false, err
	}
	response, err := client.Do(request)
	if err != nil {
		return false, err
	}
	defer response.Body.Close()
	var health struct{ Reason string }
	err = json.NewDecoder(response.Body).Decode(&health)
	return strings.Contains(health.Reason, "removed"), err
}
