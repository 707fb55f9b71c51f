package app_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
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

// A script that does not end while it is loaded stops the start.
func TestScriptsThatDoNotLoadEnd(t *testing.T) {
	write(t, map[string]string{"pb_hooks/forever.pb.js": "const none = 0;\nwhile (true) {}\n"})
	settings := testapp.Default()
	settings.DataDir = t.TempDir() // beside which the script is
	// The shorter time is over before the script begins.
	for _, limit := range []time.Duration{50 * time.Millisecond, time.Nanosecond} {
		_, err := app.New(settings, app.Options{Notices: io.Discard, LoadTimeout: limit})
		if err == nil || !strings.Contains(err.Error(), "forever.pb.js") || !strings.Contains(err.Error(), "not loaded within "+limit.String()) {
			t.Errorf("got %v", err)
		}
	}
	write(t, map[string]string{"pb_hooks/forever.pb.js": "const none = 0;\n"})
	if _, err := app.New(settings, app.Options{Notices: io.Discard}); err != nil {
		t.Error(err)
	}
}

// What a script waits for outside of the program ends with its request's time, too: a
// server, a command and a mail server that do not answer. Others can write then.
func TestWaitsOfScriptsEnd(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	write(t, map[string]string{"pb_hooks/waits.pb.js": strings.ReplaceAll(`
onRecordCreate((e) => {
  if (e.record.getString("name") === "Answer") e.record.set("notes", toString($os.exec("echo", "answer").output()));
  e.next();
  switch (e.record.getString("name")) {
  case "Server": $http.send({ url: "http://ADDRESS/" }); break;
  case "File": $filesystem.fileFromURL("http://ADDRESS/"); break;
  case "Command": $os.cmd("sleep", "3600").run(); break;
  case "Mail": $app.newMailClient().send(new MailerMessage({ to: [{ address: "a@example.com" }], text: "." })); break;
  }
}, "patients");
`, "ADDRESS", silent.Addr().String())})
	server := testapp.Serve(t, testapp.NewApp(t, testapp.Default(), func(options *app.Options) {
		options.Timeouts.User = 500 * time.Millisecond
	}))
	host, port, _ := net.SplitHostPort(silent.Addr().String())
	server.App.Settings().SMTP.Enabled, server.App.Settings().SMTP.Host = true, host
	server.App.Settings().SMTP.Port, _ = strconv.Atoi(port)
	alice := server.SignUp("alice")
	for _, name := range []string{"Server", "File", "Command", "Mail"} {
		before := len(server.Logged())
		refused := server.Call(alice.Access, "POST", "/api/patients/", map[string]any{"name": name, "age": 1})
		if logged := server.Logged()[before:]; refused.Status != http.StatusServiceUnavailable || !strings.Contains(logged, "waits.pb.js:") {
			t.Errorf("%s: got %d %s, %s", name, refused.Status, refused.Body, logged)
		}
		server.Must(http.StatusCreated, alice.Access, "POST", "/api/patients/", map[string]any{"name": "Next", "age": 1})
	}
	answered := server.Must(http.StatusCreated, alice.Access, "POST", "/api/patients/", map[string]any{"name": "Answer", "age": 1})
	if list := server.Call(alice.Access, "GET", "/api/patients/", nil).List(server); len(list) != 5 || answered["notes"] != "answer\n" {
		t.Errorf("got %v, %v", answered, list)
	}
}
