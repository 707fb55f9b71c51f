package testapp

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// Shared returns the server that all tests of the package share, with the
// default configuration and batch switched on. It is for tests that change
// neither the app nor its settings and look only at the records of their own
// users; SignUp makes users unique to each test. Main stops the server.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.once.Do(func() {
		owner := &packageTB{TB: t}
		shared.owner = owner
		shared.server = newWithBatch(owner, Default())
	})
	if shared.server == nil {
		t.Fatal("the package's server did not start")
	}
	return &Server{
		TB: t, App: shared.server.App, URL: shared.server.URL,
		suffix: "-" + strconv.FormatInt(shared.tests.Add(1), 10),
	}
}

var shared struct {
	once   sync.Once
	owner  *packageTB
	server *Server
	tests  atomic.Int64
}

// closeShared stops the shared server, if a test has started it.
func closeShared() error {
	if shared.owner == nil {
		return nil
	}
	return shared.owner.close()
}

// packageTB is a testing.TB that lives as long as the package's test run: close
// runs its cleanups. Until then, failures are reported to the test that created
// it.
type packageTB struct {
	testing.TB
	cleanups []func()
	closing  bool
	failures []error
}

func (p *packageTB) Cleanup(cleanup func()) { p.cleanups = append(p.cleanups, cleanup) }

func (p *packageTB) TempDir() string {
	p.Helper()
	directory, err := os.MkdirTemp("", "carebase-shared-*")
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		if err := os.RemoveAll(directory); err != nil {
			p.Error(err)
		}
	})
	return directory
}

func (p *packageTB) Error(arguments ...any) {
	if p.closing {
		p.failures = append(p.failures, errors.New(fmt.Sprint(arguments...)))
		return
	}
	p.TB.Helper()
	p.TB.Error(arguments...)
}

func (p *packageTB) close() error {
	p.closing = true
	for _, cleanup := range slices.Backward(p.cleanups) {
		cleanup()
	}
	return errors.Join(p.failures...)
}
