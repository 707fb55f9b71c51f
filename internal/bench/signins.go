package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// bcryptRounds is how many passwords are compared to measure one.
const bcryptRounds = 20

// signIns are the operations that compareSignIns measures.
var signIns = []string{"login", "refresh"}

// compareSignIns measures the processor time of a login compared with that of one
// bcrypt, and of a refresh compared with that of a view and an update together. The
// limits are off, because all requests come from one address. A refresh token is
// replaced each time, so that each refresh writes, but not ended.
func compareSignIns(ctx context.Context, directory, data string, options options, callers []caller) error {
	fmt.Println("\n| µs of processor time | engine | compared with | | | ratio |")
	fmt.Println("|---|---|---|---|---|---|")
	binary, err := build(ctx, directory, "carebase")
	if err != nil {
		return err
	}
	own := filepath.Join(directory, "data for sign-ins")
	if err := os.CopyFS(own, os.DirFS(data)); err != nil {
		return err
	}
	for _, engine := range engines(directory, own, options.postgres) {
		if engine.name != "SQLite" && options.postgres == "" {
			continue
		}
		if err := measureSignIns(ctx, binary, directory, engine, options, callers); err != nil {
			return fmt.Errorf("%s: %w", engine.name, err)
		}
	}
	return nil
}

func measureSignIns(ctx context.Context, binary, directory string, engine engine, options options, callers []caller) (err error) {
	server, err := startServer(binary, directory, append([]string{"ROTATE_REFRESH_TOKENS=True"}, engine.environment...)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	if options.only != "refresh" {
		if err := compareLogin(ctx, server, engine, options, callers); err != nil {
			return err
		}
	}
	if options.only == "login" {
		return nil
	}
	return compareRefresh(ctx, server, engine, callers, options.time)
}

func compareLogin(ctx context.Context, server *server, engine engine, options options, callers []caller) error {
	bodies := map[string]string{}
	for i, caller := range callers {
		bodies[caller.id] = fmt.Sprintf(`{"email":"user%d@example.com","password":"%s"}`, i, password)
	}
	login := operation{"login", "POST", fixed("/api/auth/login/"), func(user string) string { return bodies[user] }, http.StatusOK}
	var bare, spent time.Duration
	sent := 0
	for range costRounds {
		one, err := timeOfBcrypt()
		if err != nil {
			return err
		}
		used, count, err := costOf(ctx, server, login, callers, options.time/costRounds)
		if err != nil {
			return err
		}
		bare, spent, sent = bare+one/costRounds, spent+used, sent+count
	}
	each := float64(spent.Microseconds()) / float64(sent)
	printSignIn("login", engine, "one bcrypt", float64(bare.Microseconds()), each)
	if engine.name != "SQLite" {
		return nil
	}
	return options.keep(map[string]float64{"login": math.Round(each)})
}

// timeOfBcrypt returns the processor time that this process needs to compare a
// password with PocketBase's hash of it.
func timeOfBcrypt() (time.Duration, error) {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.DefaultCost)
	if err != nil {
		return 0, err
	}
	process, err := os.FindProcess(os.Getpid())
	if err != nil {
		return 0, err
	}
	self := &server{process: &exec.Cmd{Process: process}}
	before, err := self.processorTime()
	if err != nil {
		return 0, err
	}
	for range bcryptRounds {
		if err := bcrypt.CompareHashAndPassword(hash, []byte(password)); err != nil {
			return 0, err
		}
	}
	after, err := self.processorTime()
	return (after - before) / bcryptRounds, err
}

func compareRefresh(ctx context.Context, server *server, engine engine, callers []caller, duration time.Duration) error {
	bodies := map[string]string{}
	for i, caller := range callers {
		refresh, err := refreshToken(ctx, server.origin, fmt.Sprintf("user%d@example.com", i))
		if err != nil {
			return err
		}
		bodies[caller.id] = `{"refresh":"` + refresh + `"}`
	}
	refresh := operation{"refresh", "POST", fixed("/api/auth/token/refresh/"), func(user string) string { return bodies[user] }, http.StatusOK}
	const views, updates = 1, 3
	turns := []operation{costOperations[views].documented, costOperations[updates].documented, refresh}
	costs, sent := make([]float64, len(turns)), make([]int, len(turns))
	for range costRounds {
		for turn, operation := range turns {
			used, count, err := costOf(ctx, server, operation, callers, duration/costRounds)
			if err != nil {
				return err
			}
			costs[turn] += float64(used.Microseconds())
			sent[turn] += count
		}
	}
	for turn := range turns {
		costs[turn] /= float64(sent[turn])
	}
	printSignIn("refresh", engine, "a view and an update", costs[0]+costs[1], costs[2])
	return nil
}

func printSignIn(name string, engine engine, other string, compared, cost float64) {
	fmt.Printf("| %s | %s | %s | %.0f | %.0f | %.2f |\n", name, engine.name, other, compared, cost, cost/compared)
}

// refreshToken logs in and returns the refresh token.
func refreshToken(ctx context.Context, origin, email string) (string, error) {
	body := strings.NewReader(`{"email":"` + email + `","password":"` + password + `"}`)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, origin+"/api/auth/login/", body)
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var pair struct {
		Refresh string `json:"refresh"`
	}
	if err := json.NewDecoder(response.Body).Decode(&pair); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("POST /api/auth/login/: status %d", response.StatusCode)
	}
	return pair.Refresh, nil
}
