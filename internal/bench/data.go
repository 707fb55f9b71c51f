package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/security"
	"github.com/pocketbase/pocketbase/tools/types"

	"carebase/internal/collections"
	"carebase/internal/postgres/transfer"
	"carebase/internal/simplejwt"
	"carebase/internal/sqlite"
	_ "carebase/migrations" // the schema
)

// password is every user's.
const (
	password = "choose-a-good-one"
	// usualNotes are those of all patients but in measureRows.
	usualNotes = "Diabetic, seen twice a year"
)

// caller is a user with some patients.
type caller struct {
	id, token string
	patients  []string
}

// fill makes a data directory with users and patients.
func fill(directory string, users, patients int) (callers []caller, err error) {
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: directory})
	if err := app.Bootstrap(); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, app.ResetBootstrapState()) }()
	if err := app.RunAllMigrations(); err != nil {
		return nil, err
	}
	err = app.RunInTransaction(func(app core.App) error {
		if callers, err = fillUsers(app, users); err != nil {
			return err
		}
		return fillPatients(app, callers, patients, usualNotes)
	})
	return callers, err
}

// environmentsOf returns the settings of a server on SQLite with the data and, with a
// URL of PostgreSQL, of one on a copy of it there.
func environmentsOf(ctx context.Context, directory, data, postgres string) ([][]string, error) {
	environments := [][]string{{"DATA_DIR=" + data}}
	if postgres == "" {
		return environments, nil
	}
	_, err := transfer.Copy(ctx, "sqlite:"+data, postgres, func(string, string, int64, int64) {})
	return append(environments, []string{"DATA_DIR=" + filepath.Join(directory, "files"), "DATABASE_URL=" + postgres}), err
}

// dropTriggers removes what keeps Carebase's search index and counts: other programs
// lack the functions that the triggers call.
func dropTriggers(directory string) (err error) {
	database, err := sqlite.Connect(filepath.Join(directory, "data.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	var names []string
	if err := database.Select("name").From("sqlite_schema").Where(dbx.HashExp{"type": "trigger"}).Column(&names); err != nil {
		return err
	}
	for _, name := range names {
		if _, err := database.NewQuery("DROP TRIGGER [[" + name + "]]").Execute(); err != nil {
			return err
		}
	}
	return nil
}

func fillUsers(app core.App, count int) ([]caller, error) {
	collection, err := app.FindCollectionByNameOrId(collections.Users)
	if err != nil {
		return nil, err
	}
	callers := make([]caller, count)
	var hash any
	for i := range callers {
		user := core.NewRecord(collection)
		user.Set("name", fmt.Sprintf("User %d", i))
		user.SetEmail(fmt.Sprintf("user%d@example.com", i))
		if hash == nil {
			user.SetPassword(password)
			hash = user.GetRaw(core.FieldNamePassword)
		}
		user.SetRaw(core.FieldNamePassword, hash) // hashing takes long
		if err := app.Save(user); err != nil {
			return nil, err
		}
		callers[i].id = user.Id
		raw, err := user.NewAuthToken()
		if err != nil {
			return nil, err
		}
		if callers[i].token, _, err = simplejwt.StartNativeSession(context.Background(), app, user, raw, simplejwt.Agent{}); err != nil {
			return nil, err
		}
	}
	return callers, nil
}

// fillPatients deals patients out one by one, a second apart.
func fillPatients(app core.App, callers []caller, count int, notes string) (err error) {
	const idLength = 15
	insert := app.DB().NewQuery(`INSERT INTO patients (id, created_by, created_at, name, age, notes)
		VALUES ({:id}, {:owner}, {:created}, {:name}, {:age}, {:notes})`).Prepare()
	defer func() { err = errors.Join(err, insert.Close()) }()
	begin := time.Now().Add(-time.Duration(count) * time.Second)
	for i := range count {
		owner := &callers[i%len(callers)]
		id := security.PseudorandomStringWithAlphabet(idLength, core.DefaultIdAlphabet)
		created, err := types.ParseDateTime(begin.Add(time.Duration(i) * time.Second))
		if err != nil {
			return err
		}
		_, err = insert.Bind(dbx.Params{
			"id": id, "owner": owner.id, "created": created.String(), "name": fmt.Sprintf("Patient %d", i), "age": i % 100, "notes": notes,
		}).Execute()
		if err != nil {
			return err
		}
		owner.patients = append(owner.patients, id)
	}
	return nil
}
