package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"carebase/internal/app"
	"carebase/internal/testing/testapp"
)

// A script that loops or sleeps ends with its request's time: nothing of the request is
// stored, the log has the line, and the next write finds the writer free.
func TestLoopingScriptsEnd(t *testing.T) {
	write(t, map[string]string{"pb_hooks/loops.pb.js": `
onRecordCreate((e) => {
  try {
    e.next();
  } catch (error) {
    if (e.record.getString("name") === "Stubborn") {
      while (true) { Math.random(); }
    }
    throw error;
  }
}, "patients");

onRecordValidate((e) => {
  const name = e.record.getString("name");
  while (name === "Loop" || name === "Stubborn") {}
  if (name === "Sleep") {
    sleep(3600000);
  }
  e.next();
}, "patients");

onRecordAfterCreateSuccess((e) => {
  e.next();
  while (e.record.getString("name") === "Late") { Math.random(); }
}, "patients");

routerAdd("GET", "/api/loop", (e) => {
  while (true) { Math.random(); }
});

routerAdd("GET", "/apart/loop", (e) => {
  $app.runInTransaction((tx) => {
    while (true) { Math.random(); }
  });
});
`})
	settings := testapp.Default()
	server := testapp.Serve(t, testapp.NewApp(t, settings, func(options *app.Options) {
		options.Timeouts.User, options.Timeouts.Superuser = 500*time.Millisecond, 500*time.Millisecond
	}))
	alice := server.SignUp("alice")
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		line                     string
	}{
		{"a hook", "POST", "/api/patients/", `{"name":"Loop","age":1}`, http.StatusServiceUnavailable, "loops.pb.js:15"},
		{"a hook at the record API", "POST", testapp.Records("patients"), `{"name":"Loop","age":1}`, http.StatusServiceUnavailable, "loops.pb.js:15"},
		{"a hook that sleeps", "POST", "/api/patients/", `{"name":"Sleep","age":1}`, http.StatusServiceUnavailable, "loops.pb.js:17"},
		{"a hook around it", "POST", "/api/patients/", `{"name":"Stubborn","age":1}`, http.StatusServiceUnavailable, "loops.pb.js:15"},
		{"a route", "GET", "/api/loop", "", http.StatusServiceUnavailable, "loops.pb.js:28"},
		{"a transaction of no request", "GET", "/apart/loop", "", http.StatusServiceUnavailable, "loops.pb.js:33"},
		{"after the commit", "POST", "/api/patients/", `{"name":"Late","age":1}`, http.StatusServiceUnavailable, "loops.pb.js:24"},
	} {
		before := len(server.Logged())
		response := server.Do(testapp.Request{Method: test.method, Path: test.path, Token: alice.Access, Body: test.body})
		if response.Status != test.status || strings.Contains(response.Body, "pb.js") {
			t.Errorf("%s: got %d %s", test.name, response.Status, response.Body)
		}
		if logged := server.Logged()[before:]; !strings.Contains(logged, test.line) {
			t.Errorf("%s: %s is not in the log: %s", test.name, test.line, logged)
		}
	}
	for range 20 { // more than there are runtimes, none of which is still interrupted
		server.Patient(alice, "Ada")
	}
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server); len(list) != 21 || list[20]["name"] != "Late" {
		t.Errorf("got %v", list)
	}
}
