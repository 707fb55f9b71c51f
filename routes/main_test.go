package routes_test

import (
	"testing"
	"time"

	"carebase/internal/app"
	"carebase/internal/testing/browser"
	"carebase/internal/testing/testapp"
)

// parallel is how many tests run at once. They hardly wait, and requests have a deadline.
const parallel = 2

func TestMain(m *testing.M) {
	testapp.SetParallel(parallel)
	testapp.Main(m, browser.Close)
}

// newSlowServer returns a server for requests that busy machines may take longer for than
// a request's time.
func newSlowServer(t *testing.T) *testapp.Server {
	t.Helper()
	return testapp.Serve(t, testapp.NewApp(t, testapp.Default(), func(options *app.Options) { options.Timeouts.User = time.Minute }))
}
