package process

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/pocketbase/dbx"

	"carebase/internal/testing/testapp"
)

// killRounds is how often a server is killed, three times by default; CI's own step
// kills more often.
const killRounds = "CAREBASE_KILL_ROUNDS"

// TestKillsLoseNothing kills a server again and again while sixteen clerks write.
func TestKillsLoseNothing(t *testing.T) {
	const clerks = 16
	rounds, err := strconv.Atoi(cmp.Or(os.Getenv(killRounds), "3"))
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("the seed is %d", seed)
	random := rand.New(rand.NewPCG(seed, clerks))
	storage := newStorage(t)
	var office *office
	for round := range rounds {
		server := storage.serve(t, "PG_MAX_CONNS=20", "THROTTLE=False")
		if office == nil {
			office = newOffice(server.Server, clerks, seed)
		}
		office.check(t, storage)
		if round%10 == 0 {
			storage.verify(t)
		}
		stop := make(chan struct{})
		wait := office.work(t, stop, server.URL)
		// Some time in the next hundred writes, and not only between two of them.
		enough := office.acknowledged.Load() + random.Int64N(100)
		testapp.Eventually(t, time.Minute, "clerks write", func() bool { return t.Failed() || office.acknowledged.Load() >= enough })
		time.Sleep(time.Duration(random.IntN(5_000)) * time.Microsecond)
		server.kill(t)
		_ = server.command.Wait()
		close(stop)
		wait()
		storage.settle(t)
	}
	server := storage.serve(t)
	office.check(t, storage)
	storage.verify(t)
	server.Must(http.StatusOK, office.clerks[0].user.Access, "GET", "/api/patients/?page=1", nil)
	t.Logf("%d writes were acknowledged", office.acknowledged.Load())
}

// settle waits until what a killed process has left with PostgreSQL is done.
func (s storage) settle(t *testing.T) {
	t.Helper()
	if s.database.URL == "" {
		return
	}
	fleet := &fleet{Server: &testapp.Server{TB: t}, database: s.database}
	testapp.Eventually(t, 20*time.Second, "the connections of a killed process end", func() bool {
		return query[int](fleet, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()") == 0
	})
}

// verify looks through the whole database and the audit trail.
func (s storage) verify(t *testing.T) {
	t.Helper()
	if output, err := s.command(t, "audit", "verify").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if s.database.URL != "" {
		return
	}
	s.use(t, func(database *dbx.DB) error {
		var problems []string
		if err := database.NewQuery("SELECT integrity_check FROM pragma_integrity_check UNION ALL SELECT \"table\" FROM pragma_foreign_key_check").Column(&problems); err != nil {
			return err
		}
		if len(problems) != 1 || problems[0] != "ok" {
			t.Fatalf("the database is damaged: %v", problems)
		}
		return nil
	})
}
