package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"

	"carebase/internal/app"
	"carebase/internal/audit"
	"carebase/internal/collections"
	"carebase/internal/config"
)

// clerk is somebody who causes events.
type clerk struct {
	origin   map[string]string
	patients []string
}

// measureTrail prints what events take in the database, as rows and sealed, and how
// fast they are sealed and verified. Each patient stands for one event; somebody else's
// meanwhile count, too.
func measureTrail(ctx context.Context, options options) (err error) {
	directory, err := os.MkdirTemp("", "carebase-bench-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(directory)) }()
	archive := filepath.Join(directory, "archive")
	if err := os.Mkdir(archive, 0o700); err != nil {
		return err
	}
	settings := &config.Config{
		DataDir: filepath.Join(directory, "pb_data"), AuditRetention: 365 * 24 * time.Hour, SQLiteSynchronous: config.SynchronousFull,
		AuditArchive: &config.AuditArchive{Directory: archive},
	}
	served, err := app.New(settings, app.Options{Log: io.Discard, Notices: io.Discard, Banner: io.Discard})
	if err != nil {
		return err
	}
	if err := served.Bootstrap(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, served.ResetBootstrapState()) }()
	if err := served.RunAllMigrations(); err != nil {
		return err
	}
	begun := time.Now()
	if err := recordMixed(served, options.users, options.patients); err != nil {
		return err
	}
	recorded := time.Now()
	fmt.Printf("%d events of %d users recorded in %.1f s\n\n", options.patients, options.users, time.Since(begun).Seconds())
	token, err := operatorToken(served)
	if err != nil {
		return err
	}
	if err := measureTrailAtRest(ctx, served, options); err != nil {
		return err
	}
	return findInTrail(ctx, directory, settings.DataDir, archive, token, recorded)
}

// measureTrailAtRest prints a line for each thing that is done with all events.
func measureTrailAtRest(ctx context.Context, served core.App, options options) error {
	fmt.Println("| | seconds | processor (s) | events per second of processor | bytes per event | others' longest write (ms) |\n|---|---|---|---|---|---|")
	seal := func() (int, error) { return audit.Seal(ctx, served, time.Now().Add(time.Minute)) }
	for _, measured := range []struct {
		name string
		run  func() (int, error)
	}{
		{"rows, verified", func() (int, error) { return verifyAll(ctx, served) }},
		{"sealed", seal},
		{"others' events meanwhile, sealed", seal},
		{"segments, verified", func() (int, error) { return verifyAll(ctx, served) }},
		{"archived", func() (int, error) {
			_, err := audit.Archive(ctx, served, time.Now().Add(time.Minute))
			return options.patients, err
		}},
		{"archive, verified", func() (int, error) { return verifyAll(ctx, served) }},
	} {
		begun, before := time.Now(), ownProcessorTime()
		var events int
		longest, err := longestWrite(ctx, served, func() (err error) {
			events, err = measured.run()
			return err
		})
		if err != nil {
			return err
		}
		took, spent := time.Since(begun).Seconds(), (ownProcessorTime() - before).Seconds()
		var perEvent float64
		err = served.DB().NewQuery(`SELECT sum(pgsize) * 1.0 / (SELECT sum(seq) FROM audit_chains) FROM dbstat
			WHERE name LIKE 'audit%' OR name LIKE 'idx_audit%' OR name LIKE 'sqlite_autoindex_audit%'`).Row(&perEvent)
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %.1f | %.1f | %.0f | %.0f | %.0f |\n", measured.name, took, spent, float64(events)/spent, perEvent, longest.Seconds()*1000)
		if err := options.keepTrail(measured.name, perEvent); err != nil {
			return err
		}
	}
	return nil
}

// keepTrail records the bytes of an event in rows and in segments.
func (o options) keepTrail(measured string, perEvent float64) error {
	parameter := map[string]string{"rows, verified": "trail.row", "others' events meanwhile, sealed": "trail.sealed"}[measured]
	if parameter == "" {
		return nil
	}
	return o.keep(map[string]float64{parameter: math.Round(perEvent)})
}

// ownProcessorTime returns the user and system time that this process has used.
func ownProcessorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func verifyAll(ctx context.Context, app core.App) (int, error) {
	summary, err := audit.Verify(ctx, app, nil)
	return summary.Events, err
}

const (
	// recordedAtOnce is the number of events of a transaction.
	recordedAtOnce = 1000
	// patientsEach is how many patients a user has, listLength how many a list shows.
	patientsEach, listLength = 300, 30
	// requestsPerToken is how many events a token causes before it is renewed.
	requestsPerToken = 40
)

// recordMixed records events as a day of work causes them: most are reads of one
// patient, some are lists, changes, sign-ins and refusals.
func recordMixed(app core.App, users, count int) error {
	clerks := make([]clerk, users)
	for i := range clerks {
		clerks[i].origin = map[string]string{"agent": strconv.Itoa(i + 1), "agent_type": "user", "door": "rest", "address": fmt.Sprintf("10.0.%d.%d", i/250, i%250+1)}
		for j := range patientsEach {
			clerks[i].patients = append(clerks[i].patients, strconv.Itoa(i*patientsEach+j+1))
		}
	}
	for done := 0; done < count; done += recordedAtOnce {
		err := app.RunInTransaction(func(tx core.App) error {
			for range min(recordedAtOnce, count-done) {
				if err := recordOne(tx, &clerks[rand.IntN(users)]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func recordOne(tx core.App, by *clerk) error {
	if by.origin["token"] == "" || rand.IntN(requestsPerToken) == 0 {
		by.origin["token"] = security.PseudorandomStringWithAlphabet(32, "0123456789abcdef")
	}
	by.origin["request_id"] = strconv.FormatUint(rand.Uint64()|1<<63, 16)
	patient := by.patients[rand.IntN(patientsEach)]
	event := audit.Event{Action: audit.Read, Collection: collections.Patients, Records: []string{patient}}
	switch kind := rand.IntN(100); {
	case kind < 15: // a page of a list
		first := rand.IntN(patientsEach/listLength) * listLength
		event.Records = by.patients[first : first+listLength]
	case kind < 25:
		event.Action, event.Fields = audit.Update, []string{"notes"}
	case kind < 30:
		event.Action, event.Fields = audit.Create, []string{"age", "created_by", "name", "notes"}
	case kind < 40:
		event = audit.Event{Action: audit.Read, Collection: collections.Mappings, Records: []string{strconv.Itoa(rand.IntN(1_000_000))}, Patients: []string{patient}}
	case kind < 43:
		event = audit.Event{Action: audit.Execute, Collection: collections.Users, Records: []string{by.origin["agent"]}, Detail: "signed in"}
	case kind < 45:
		event.Outcome = audit.Denied
	}
	origin, err := json.Marshal(by.origin)
	if err != nil {
		return err
	}
	return audit.RecordFor(tx, string(origin), event)
}
