package simplejwt_test

import (
	"context"
	"database/sql"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"

	"carebase/internal/collections"
	"carebase/internal/simplejwt"
	"carebase/internal/testing/testapp"
)

func TestMain(m *testing.M) { testapp.Main(m) }

// signIns stores sessions, one for each of as many users.
func signIns(t testing.TB, app core.App, count int) []simplejwt.Held {
	t.Helper()
	users, err := app.FindCachedCollectionByNameOrId(collections.Users)
	if err != nil {
		t.Fatal(err)
	}
	held := make([]simplejwt.Held, count)
	err = app.RunInTransaction(func(tx core.App) error {
		for i := range held {
			user := core.NewRecord(users)
			user.Id = fmt.Sprintf("user%011d", i)
			user.RefreshTokenKey()
			held[i] = simplejwt.Held{Account: user, Session: fmt.Sprintf("session%08d", i)}
			if _, err := tx.DB().Insert(collections.Users, dbx.Params{"id": user.Id, "email": user.Id + "@example.com", "tokenKey": user.TokenKey(), "password": "x"}).Execute(); err != nil {
				return err
			}
			if _, err := tx.DB().Insert(collections.Sessions, dbx.Params{"id": held[i].Session, "user": user.Id, "expires_at": "2100-01-01 00:00:00.000Z"}).Execute(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return held
}

// TestFewQueriesAskForManySignIns asks for more sign-ins than fit into a query, some of
// which have ended.
func TestFewQueriesAskForManySignIns(t *testing.T) {
	app := testapp.NewApp(t, testapp.Default())
	held := signIns(t, app, 1201)
	held[0].Session = held[1].Session // another user's
	held[600].Account.RefreshTokenKey()
	held[1200].Session = "gone"
	held = append(held, held[700])
	held[1201].Session = "" // of the same account
	queries := 0
	app.ConcurrentDB().(*dbx.DB).QueryLogFunc = func(context.Context, time.Duration, string, *sql.Rows, error) { queries++ }
	for _, asked := range [][]simplejwt.Held{held, nil} {
		queries = 0
		ended, _, err := simplejwt.Ended(t.Context(), app, asked)
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range ended {
			if want := i == 0 || i == 600 || i == 1200; got != want {
				t.Errorf("sign-in %d: got %v", i, got)
			}
		}
		if most := (len(asked) + 499) / 500 * 2; queries > most+min(most, 1) {
			t.Errorf("%d queries asked for %d sign-ins", queries, len(asked))
		}
	}
}

// BenchmarkEnded asks for the sign-ins of 2,000 users. It reports the processor time of
// this process, too: on a busy machine each takes longer.
func BenchmarkEnded(b *testing.B) {
	app := testapp.NewApp(b, testapp.Default())
	held := signIns(b, app, 2000)
	before := processorTime(b)
	defer func() {
		b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
	}()
	for b.Loop() {
		if _, _, err := simplejwt.Ended(b.Context(), app, held); err != nil {
			b.Fatal(err)
		}
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
