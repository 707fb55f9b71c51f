package process

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"carebase/internal/postgres"
	"carebase/internal/testing/testapp"
	"carebase/internal/testing/testpostgres"
)

// fleet is several processes on one database. Its own server sends each request
// to the next one of them.
type fleet struct {
	*testapp.Server
	processes []*process
	database  postgres.Settings
}

// newFleet starts processes on a new database, all at once.
func newFleet(t *testing.T, size int, environment ...string) *fleet {
	t.Helper()
	return newFleetOn(t, testpostgres.New(t), size, environment...)
}

// newFleetOn is newFleet on a database that is there.
func newFleetOn(t *testing.T, database postgres.Settings, size int, environment ...string) *fleet {
	t.Helper()
	fleet := &fleet{database: database}
	for range size {
		fleet.processes = append(fleet.processes, launchOn(t, fleet.database, environment...))
	}
	origins := []*url.URL{}
	for _, process := range fleet.processes {
		process.waitUntilReady(t)
		origin, err := url.Parse(process.URL)
		if err != nil {
			t.Fatal(err)
		}
		origins = append(origins, origin)
	}
	var requests atomic.Int64
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(request *httputil.ProxyRequest) {
			request.SetURL(origins[int(requests.Add(1))%len(origins)])
		},
	})
	t.Cleanup(proxy.CloseClientConnections)
	fleet.Server = &testapp.Server{TB: t, URL: proxy.URL}
	return fleet
}

// launchOn starts a process on a database without waiting for it.
func launchOn(t *testing.T, database postgres.Settings, environment ...string) *process {
	t.Helper()
	return launch(t, t.TempDir(), append([]string{
		"DATABASE_URL=" + database.URL, "PG_DIRECT_URL=" + database.DirectURL, "PG_MAX_CONNS=10",
		"SUPERUSER_EMAIL=" + superuserEmail, "SUPERUSER_PASSWORD=" + testapp.Password,
	}, environment...))
}

// serveOn is launchOn with the wait.
func serveOn(t *testing.T, database postgres.Settings) *process {
	t.Helper()
	process := launchOn(t, database)
	process.waitUntilReady(t)
	return process
}

// operator signs the superuser in.
func (f *fleet) operator() string {
	f.Helper()
	signedIn := f.Must(http.StatusOK, "", "POST", "/api/collections/_superusers/auth-with-password",
		map[string]any{"identity": superuserEmail, "password": testapp.Password})
	token, _ := signedIn["token"].(string)
	return token
}

// query runs a statement on the fleet's database and returns its one value.
func query[T any](f *fleet, statement string, arguments ...any) T {
	f.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	connection, err := pgx.Connect(ctx, cmp.Or(f.database.DirectURL, f.database.URL))
	if err != nil {
		f.Fatal(err)
	}
	defer connection.Close(ctx)
	var value T
	if err := connection.QueryRow(ctx, statement, arguments...).Scan(&value); err != nil {
		f.Fatalf("%s: %v", statement, err)
	}
	return value
}
