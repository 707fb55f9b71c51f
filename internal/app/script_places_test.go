package app_test

import (
	"sync"
	"testing"

	"carebase/internal/testing/testapp"
)

// TestScriptsDoNotWaitForTheirCaller has more requests of one user at once than are
// worked on, each of which needs another one: with a request to this server, or with the
// writer, held while the body is read.
func TestScriptsDoNotWaitForTheirCaller(t *testing.T) {
	write(t, map[string]string{"pb_hooks/places.pb.js": `
routerAdd("POST", "/api/asks", (e) => {
  const answer = $http.send({
    url: e.request.header.get("X-Origin") + "/api/patients/",
    headers: {Authorization: e.request.header.get("Authorization")},
  });
  return e.json(answer.statusCode, {});
}, $apis.requireAuth("users"));

routerAdd("POST", "/api/holds", (e) => {
  $app.runInTransaction((tx) => {
    const record = new Record(tx.findCollectionByNameOrId("patients"));
    record.load({name: e.requestInfo().body.name, age: 1, created_by: e.auth.id});
    tx.save(record);
  });
  return e.json(200, {});
}, $apis.requireAuth("users"));
`})
	server := testapp.Serve(t, testapp.NewApp(t, testapp.Default()))
	alice := server.SignUp("alice")
	for _, path := range []string{"/api/asks", "/api/holds"} {
		var answers sync.WaitGroup
		for range 30 {
			answers.Go(func() {
				response := server.Do(testapp.Request{Method: "POST", Path: path, Token: alice.Access, Body: `{"name": "Ann"}`,
					Header: map[string]string{"Content-Type": "application/json", "X-Origin": server.URL}})
				if response.Status != 200 {
					t.Errorf("%s: got %d %s", path, response.Status, response.Body)
				}
			})
		}
		answers.Wait()
	}
}
