package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/audit"
	"carebase/internal/rest"
)

// meanwhileEvery is the interval of the writes whose duration longestWrite takes.
const meanwhileEvery = 20 * time.Millisecond

// longestWrite returns how long others had to wait for the longest of their writes while
// something runs.
func longestWrite(ctx context.Context, app core.App, run func() error) (longest time.Duration, err error) {
	ended, writes := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-ended:
				writes <- nil
				return
			case <-time.After(meanwhileEvery):
			}
			begun := time.Now()
			err := app.RunInTransaction(func(tx core.App) error {
				return audit.RecordIn(tx, audit.Event{Action: audit.Execute, Detail: "meanwhile"})
			})
			if err != nil {
				writes <- err
				return
			}
			longest = max(longest, time.Since(begun))
		}
	}()
	err = run()
	close(ended)
	return longest, errors.Join(err, <-writes)
}

// operatorToken creates a superuser and returns a token.
func operatorToken(app core.App) (string, error) {
	superusers, err := app.FindCollectionByNameOrId(core.CollectionNameSuperusers)
	if err != nil {
		return "", err
	}
	operator := core.NewRecord(superusers)
	operator.SetEmail("operator@example.com")
	operator.SetRandomPassword()
	if err := app.Save(operator); err != nil {
		return "", err
	}
	return operator.NewAuthToken()
}

// questions are what the dashboard asks of the trail.
var questions = []struct{ name, filter string }{
	{"the newest", ""},
	{"of a patient", `patient = "4242"`},
	{"of a user", `agent = "7"`},
	{"of a user, changes", `agent = "7" && action = "U"`},
	{"of the last second", `recorded_at >= "SINCE"`},
	{"a text in all columns", `id ~ "zz" || who ~ "zz" || action ~ "zz" || agent ~ "zz" || collection ~ "zz" || records ~ "zz" || patient ~ "zz" || detail ~ "zz" || address ~ "zz"`},
}

// findInTrail prints how long the dashboard waits for pages of 40 events, most of which
// are archived.
func findInTrail(ctx context.Context, directory, data, archive, token string, recorded time.Time) (err error) {
	binary, err := build(ctx, directory, "carebase")
	if err != nil {
		return err
	}
	running, err := startServer(binary, directory, "DATA_DIR="+data, "AUDIT_ARCHIVE_URL="+archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.stop()) }()
	fmt.Println("\n| found in the dashboard's list | events | a page (ms) | a page and the number of all (ms) |\n|---|---|---|---|")
	since := recorded.Add(-time.Second).UTC().Format(rest.AnsweredTime)
	for _, question := range questions {
		filter := strings.ReplaceAll(question.filter, "SINCE", since)
		var took [2]time.Duration
		var found struct{ TotalItems int }
		for i, skip := range []string{"true", "false"} {
			begun := time.Now()
			query := url.Values{"filter": {filter}, "perPage": {"40"}, "skipTotal": {skip}}
			if err := ask(ctx, running.origin+"/api/collections/audit_events/records?"+query.Encode(), token, &found); err != nil {
				return err
			}
			took[i] = time.Since(begun)
		}
		fmt.Printf("| %s | %d | %d | %d |\n", question.name, found.TotalItems, took[0].Milliseconds(), took[1].Milliseconds())
	}
	return nil
}

func ask(ctx context.Context, address, token string, answer any) (err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
